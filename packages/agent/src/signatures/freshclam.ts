import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { getCACertificates } from 'node:tls'

/** How freshclam is to be run. */
export type FreshclamOptions = {
  /** Default: `freshclam` in PATH, /usr/bin, /usr/local/bin; the name alone where it is nowhere. */
  program?: string
  env?: Readonly<Record<string, string>>
  /** Folder of the agent's own, for the configuration; made when missing. */
  workDir: string
  databaseDir: string
  /** Whom freshclam becomes when the agent is root; the folder must be that user's to write. */
  owner: string
  /** Address of a mirror in place of ClamAV's own. */
  mirror?: string
  /** File of certificate authorities (PEM) that freshclam believes in place of the system's; its user must read it. */
  ca?: string
  /** More authorities (PEM) to believe: those of `ca` or of the system stay good for the further databases. */
  caPem?: string
  /** Further databases, each by its address; they are not signed. */
  customUrls?: readonly string[]
  /** False: nothing but the further databases. Default: true. */
  official?: boolean
}

export type FreshclamOutcome =
  /** The databases that are new. */
  | { kind: 'updated'; databases: string[] }
  | { kind: 'current' }
  /** Nothing changed; the sentence is for people. */
  | { kind: 'failed'; sentence: string }

const MAX_OUTPUT_CHARACTERS = 200_000

/** Where freshclam is on this machine. */
export function findFreshclam(): string {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/bin',
    '/usr/local/bin',
    '/opt/homebrew/bin',
  ]
  return folders.map((folder) => join(folder, 'freshclam')).find(existsSync) ?? 'freshclam'
}

/**
 * Runs the distribution's freshclam once, with a configuration of our own: it tells nobody to reload, and tries each
 * server once, because we try again ourselves.
 *
 * @param signal ends freshclam; what it has not finished it has not put in place
 */
export async function runFreshclam(
  options: FreshclamOptions,
  signal: AbortSignal,
): Promise<FreshclamOutcome> {
  const { program = findFreshclam(), workDir, databaseDir } = options
  await mkdir(workDir, { recursive: true, mode: 0o700 })
  const configFile = join(workDir, 'freshclam.conf')
  await writeFile(configFile, renderFreshclamConfig(options), { mode: 0o600 })
  if (!existsSync(databaseDir)) {
    return { kind: 'failed', sentence: `The folder of the signatures, ${databaseDir}, is not there.` }
  }
  const ca = await placeAuthorities(options).catch((error: Error) => error)
  if (ca instanceof Error) {
    const sentence = `The certificate authorities for the signatures cannot be read: ${ca.message}`
    return { kind: 'failed', sentence }
  }
  return new Promise<FreshclamOutcome>((resolve) => {
    const only = options.official === false ? ['--update-db=custom'] : []
    const child = spawn(program, [`--config-file=${configFile}`, '--stdout', '--foreground', ...only], {
      env: {
        PATH: process.env.PATH,
        ...(ca.file === undefined ? {} : { CURL_CA_BUNDLE: ca.file }),
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    })
    let output = ''
    const keep = (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT_CHARACTERS)
    }
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep)
    child.once('error', (error) => resolve({ kind: 'failed', sentence: startFailure(program, error) }))
    child.once('close', (code) => resolve(readOutcome(code, output)))
  }).finally(() => ca.remove())
}

/**
 * The file of authorities for freshclam, which reads it as its own user, who cannot enter the agent's folders: what is
 * put together lies in the system's temporary folder, for this run. It holds nothing secret.
 */
async function placeAuthorities({
  ca,
  caPem,
  customUrls = [],
}: FreshclamOptions): Promise<{ file: string | undefined; remove: () => Promise<void> }> {
  if (caPem === undefined) return { file: ca, remove: async () => {} }
  const others =
    ca !== undefined ? [await readFile(ca, 'utf8')] : customUrls.length > 0 ? getCACertificates('system') : []
  const folder = await mkdtemp(join(tmpdir(), 'fleetsweep-ca-'))
  const file = join(folder, 'ca.pem')
  await chmod(folder, 0o755)
  await writeFile(file, [caPem, ...others].join('\n'), { mode: 0o644, flag: 'wx' })
  return { file, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** @throws Error for a value that would be more than one line of it */
export function renderFreshclamConfig(options: FreshclamOptions): string {
  const { databaseDir, owner, mirror, customUrls = [] } = options
  const lines: [string, string][] = [
    ['DatabaseDirectory', databaseDir],
    ['DatabaseOwner', owner],
    ...(mirror === undefined
      ? ([
          ['DatabaseMirror', 'database.clamav.net'],
          ['DNSDatabaseInfo', 'current.cvd.clamav.net'],
        ] as [string, string][])
      : ([['PrivateMirror', mirror]] as [string, string][])),
    ...customUrls.map((url): [string, string] => ['DatabaseCustomURL', url]),
    ['MaxAttempts', '1'],
    ['ConnectTimeout', '30'],
    ['ReceiveTimeout', '300'],
    ['ScriptedUpdates', 'yes'],
    // Each new database is loaded once before it takes the place of the old one.
    ['TestDatabases', 'yes'],
    ['Bytecode', 'yes'],
  ]
  for (const [name, value] of lines) {
    if (/[\s"]/.test(value))
      throw new Error(`freshclam.conf cannot hold this ${name}: ${JSON.stringify(value)}`)
  }
  return `${lines.map(([name, value]) => `${name} ${value}`).join('\n')}\n`
}

/**
 * What freshclam did, by what it printed; its exit code alone does not tell "updated" from "nothing new".
 *
 * @see https://docs.clamav.net/manual/Usage/SignatureManagement.html
 */
export function readOutcome(code: number | null, output: string): FreshclamOutcome {
  const lines = output.split('\n').map((line) => line.trim())
  const wait = lines.map((line) => /cool-?down until after: (.+)$/i.exec(line)?.[1]).find(Boolean)
  if (wait !== undefined) {
    return { kind: 'failed', sentence: `ClamAV's servers ask this address to wait until ${wait}.` }
  }
  if (code !== 0) {
    // The first error says what went wrong, those after it that it did.
    const error = lines.find((line) => /^ERROR: (?!Update failed)/.test(line))
    const why = error?.slice('ERROR: '.length) ?? (code === null ? 'it was ended' : `it ended with ${code}`)
    return { kind: 'failed', sentence: `The signatures could not be updated: ${why.slice(0, 200)}` }
  }
  const databases = lines.flatMap((line) => /^(\S+) updated \(version: /.exec(line)?.[1] ?? [])
  return databases.length > 0 ? { kind: 'updated', databases } : { kind: 'current' }
}

function startFailure(program: string, error: Error): string {
  if (error.name === 'AbortError') return 'The update of the signatures took too long and was ended.'
  return 'code' in error && error.code === 'ENOENT'
    ? `There is no freshclam at ${program}; install the package that holds it.`
    : `freshclam could not be started: ${error.message}`
}
