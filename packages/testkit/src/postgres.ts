import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Tool } from './tools.ts'

/** A running PostgreSQL of our own that ends, with all its data, when disposed. */
export type PostgresServer = AsyncDisposable & {
  /** Of its maintenance database, as a user who may do everything. */
  readonly connectionString: string
}

/** Who may not be root: PostgreSQL refuses to run as root. */
type Owner = { uid: number; gid: number }

const USER = 'fleetsweep'

/**
 * Starts a throw-away PostgreSQL on a free port of the loopback address, with durable commits as in production.
 *
 * @param programs folder of PostgreSQL's programs, as `tool('postgres')` gives it
 */
export async function startPostgres(programs: Tool): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-postgres-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const owner = process.getuid?.() === 0 ? unprivilegedUser() : undefined
    if (owner) chownSync(folder, owner.uid, owner.gid)
    const { path, env } = owner ? reachable(programs, join(folder, 'programs')) : programs
    const data = join(folder, 'data')
    const options = { ...owner, cwd: folder, env: { ...process.env, ...env, LC_ALL: 'C', TZ: 'UTC' } }
    // What initdb writes is lost with the machine anyway; what the server commits is synced.
    const choices = ['--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', `--username=${USER}`]
    execFileSync(join(path, 'initdb'), [`--pgdata=${data}`, ...choices], { ...options, stdio: 'pipe' })

    const port = await freePort()
    const settings = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: '',
      max_connections: 200,
      jit: 'off',
      // Refused statements are part of tests; the start is what we listen for.
      log_min_messages: 'log',
    }
    const server = spawn(
      join(path, 'postgres'),
      ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    // A test run that dies must not leave a server behind.
    const kill = () => server.kill('SIGQUIT')
    process.once('exit', kill)
    server.once('exit', () => process.off('exit', kill))
    await untilReady(server)
    return {
      connectionString: `postgres://${USER}@127.0.0.1:${port}/postgres`,
      async [Symbol.asyncDispose]() {
        // SIGQUIT: end at once without tidying up; the data goes anyway.
        if (server.exitCode === null && server.kill('SIGQUIT')) await once(server, 'exit')
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

async function untilReady(server: ChildProcess): Promise<void> {
  if (server.stderr === null) throw new Error('PostgreSQL was started without a way to hear it.')
  const said: string[] = []
  for await (const line of createInterface(server.stderr)) {
    said.push(line)
    if (line.includes('database system is ready to accept connections')) break
  }
  if (server.exitCode !== null || server.stderr.readableEnded) {
    throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`)
  }
  // Nobody reads on, and a full pipe would stop it.
  server.stderr.resume()
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('No free port.')
  return address.port
}

function unprivilegedUser(): Owner {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  const [uid, gid] = [Number(user?.[2]), Number(user?.[3])]
  if (!(uid > 0 && gid > 0))
    throw new Error('PostgreSQL does not run as root, and there is no user nobody here.')
  return { uid, gid }
}

/**
 * The programs as they are when every user can get at them; else a copy. (A checkout below /root cannot be entered
 * by the user that the server runs as.)
 */
function reachable(programs: Tool, copyTo: string): Tool {
  if (everyoneCanEnter(programs.path)) return programs
  // <root>/usr/lib/postgresql/15/bin; the programs find usr/share/postgresql/15 and their libraries from there.
  const root = join(programs.path, '../../../../..')
  for (const part of ['usr/lib', 'usr/share/postgresql', 'lib']) {
    cpSync(join(root, part), join(copyTo, part), { recursive: true, verbatimSymlinks: true })
  }
  const libraries = programs.env.LD_LIBRARY_PATH ?? ''
  return {
    path: join(copyTo, programs.path.slice(root.length)),
    env: { LD_LIBRARY_PATH: libraries.replaceAll(root, copyTo) },
  }
}

function everyoneCanEnter(folder: string): boolean {
  return (statSync(folder).mode & 0o001) !== 0 && (folder === '/' || everyoneCanEnter(dirname(folder)))
}
