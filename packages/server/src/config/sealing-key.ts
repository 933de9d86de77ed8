import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from './config-error.ts'

export const SEALING_KEY_FILE = 'sealing.key'
export const SEALING_KEY_BYTES = 32
const ENV = 'FLEETSWEEP_SEALING_KEY'

/** True where the environment brings the sealing key, so that there is no file of it. */
export function isSealingKeyInEnvironment(env: NodeJS.ProcessEnv): boolean {
  return env[ENV] !== undefined
}

/**
 * Reads the key that seals every private key in the database: 32 bytes in base64, from the environment or from its
 * file in the data directory.
 *
 * @throws ConfigError when there is none, or others may read it
 */
export function loadSealingKey(dataDir: string, env: NodeJS.ProcessEnv): Uint8Array {
  const file = join(dataDir, SEALING_KEY_FILE)
  const text = env[ENV] ?? readKeyFile(file)
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length === SEALING_KEY_BYTES) return key
  throw new ConfigError(
    `The sealing key in ${env[ENV] === undefined ? file : ENV} must be ${SEALING_KEY_BYTES} bytes in base64. Bring back the one that \`fleetsweep init\` made: without it the keys in the database cannot be opened.`,
  )
}

function readKeyFile(file: string): string {
  let mode: number
  try {
    mode = statSync(file).mode
  } catch (cause) {
    throw new ConfigError(`There is no ${file}. Set this server up first: fleetsweep init`, { cause })
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new ConfigError(`${file} may be read by others. Close it first: chmod 600 ${file}`)
  }
  return readFileSync(file, 'utf8')
}
