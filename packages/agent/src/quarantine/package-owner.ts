import { isUtf8 } from 'node:buffer'
import { execFile } from 'node:child_process'

const TIMEOUT_MS = 20_000
/** Links that distributions make of folders that moved under /usr: the package manager may know either name. */
const MERGED = /^\/usr(?=\/(bin|sbin|lib|lib32|lib64|libx32)\/)/
const UNMERGED = /^(?=\/(bin|sbin|lib|lib32|lib64|libx32)\/)/

type Asked = 'owned' | 'notOwned' | 'noTool' | 'noAnswer'

const MANAGERS: readonly { name: string; file: string; args: (path: string) => string[] }[] = [
  // It takes a pattern: its special characters are to mean themselves.
  { name: 'dpkg', file: 'dpkg-query', args: (path) => ['-S', '--', path.replace(/[\\*?[\]]/g, '\\$&')] },
  { name: 'rpm', file: 'rpm', args: (path) => ['-qf', '--', path] },
  { name: 'apk', file: 'apk', args: (path) => ['info', '--who-owns', path] },
]

/**
 * Which package manager put a file where it is, by asking each that the machine has.
 *
 * @returns its name, `undefined` when none did, or `noAnswer` when one would not say: then nobody knows
 */
export async function packageOwner(path: Buffer): Promise<string | 'noAnswer' | undefined> {
  // No package holds such a name, and no program could be asked about it in its arguments.
  if (!isUtf8(path)) return undefined
  const text = path.toString('utf8')
  const names = [...new Set([text, text.replace(MERGED, ''), text.replace(UNMERGED, '/usr')])]
  for (const { name, file, args } of MANAGERS) {
    for (const asked of names) {
      const answer = await ask(file, args(asked))
      if (answer === 'owned') return name
      if (answer === 'noAnswer') return 'noAnswer'
      if (answer === 'noTool') break
    }
  }
  return undefined
}

function ask(file: string, args: readonly string[]): Promise<Asked> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: TIMEOUT_MS, maxBuffer: 1024 * 1024 }, (error) => {
      if (!error) resolve('owned')
      else if (error.code === 'ENOENT') resolve('noTool')
      else resolve(error.code === 1 ? 'notOwned' : 'noAnswer')
    })
  })
}
