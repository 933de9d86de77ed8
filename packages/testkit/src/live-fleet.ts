import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import {
  type ChildProgram,
  type Programs,
  runProgram,
  SOURCE_PROGRAMS,
  startProgram,
} from './child-program.ts'
import { tool } from './tools.ts'

const Initialised = Compile(
  Type.Object({
    tenant: Type.Object({ id: Type.String() }),
    application: Type.Object({ id: Type.String(), secret: Type.String() }),
    administrator: Type.Object({ userPrincipalName: Type.String(), url: Type.String() }),
    caFile: Type.Union([Type.String(), Type.Null()]),
  }),
)
const EngineRecord = Compile(
  Type.Object({
    process: Type.Optional(Type.Object({ pid: Type.Integer({ minimum: 2 }) })),
    stageDir: Type.String({ minLength: 1 }),
  }),
)
const Ready = Compile(Type.Object({ url: Type.String() }))

/** What a client signs in with. */
export type FleetCredentials = { baseUrl: string; tenant: string; clientId: string; clientSecret: string }

/** A real server and a real agent on this machine, each a process of its own, in folders that go with them. */
export class LiveFleet implements AsyncDisposable {
  readonly folder: string
  readonly credentials: FleetCredentials
  /** The first administrator, and the link on which they choose a password. */
  readonly administrator: { userPrincipalName: string; url: string }
  readonly url: string
  /** The authority that vouches for the server; null without TLS. */
  readonly caFile: string | null
  readonly #programs: Programs
  readonly #log: number
  #server: ChildProgram
  #agent: ChildProgram | undefined

  private constructor(start: {
    folder: string
    log: number
    programs: Programs
    server: ChildProgram
    credentials: FleetCredentials
    administrator: { userPrincipalName: string; url: string }
    caFile: string | null
  }) {
    this.folder = start.folder
    this.credentials = start.credentials
    this.administrator = start.administrator
    this.url = start.credentials.baseUrl
    this.caFile = start.caFile
    this.#log = start.log
    this.#programs = start.programs
    this.#server = start.server
  }

  /**
   * Sets a server up and starts it.
   *
   * @param options.listen an address with a port that is free
   * @param options.tls what `init` makes a certificate for beside this machine's names; plain HTTP when absent
   */
  static async start(options: {
    folder?: string
    listen: string
    application?: string
    tls?: { aliases?: readonly string[]; hosts?: readonly string[] }
    programs?: Programs
  }): Promise<LiveFleet> {
    const { programs = SOURCE_PROGRAMS, application = 'Test', tls } = options
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'fleetsweep-fleet-'))
    const log = openSync(join(folder, 'programs.log'), 'a')
    const data = join(folder, 'server')
    const names = tls
      ? [...optionsOf('--alias', tls.aliases), ...optionsOf('--host', tls.hosts)]
      : ['--no-tls']
    const init = ['init', '--data', data, '--listen', options.listen, '--json', ...names]
    const made = Initialised.Parse(
      JSON.parse(await runProgram('fleetsweep', [...init, '--application', application], programs)),
    )
    const { server, url } = await startServer(data, { log, programs }).catch((cause) => {
      throw new Error(`The server did not start. ${tailOf(folder)}`, { cause })
    })
    const { id: clientId, secret: clientSecret } = made.application
    const credentials = { baseUrl: url, tenant: made.tenant.id, clientId, clientSecret }
    const { administrator, caFile } = made
    return new LiveFleet({ folder, log, programs, server, credentials, administrator, caFile })
  }

  get agentPid(): number | undefined {
    return this.#agent?.pid
  }

  get serverData(): string {
    return join(this.folder, 'server')
  }

  get agentState(): string {
    return join(this.folder, 'agent')
  }

  /** Enrolls this machine by a token and starts its agent. @param scan lines of `[scan]` in the configuration */
  async startAgent(token: string, scan = '', engine = ''): Promise<void> {
    mkdirSync(this.agentState, { recursive: true, mode: 0o700 })
    this.configureAgent(scan, engine)
    await runProgram(
      'fleetsweep-agent',
      ['enroll', '--server', this.url, '--token', token, ...this.#agentPlace],
      this.#programs,
    )
    this.restartAgent()
  }

  /** Runs a command of the agent on its state. @returns what it printed */
  agentCommand(...argv: string[]): Promise<string> {
    return runProgram('fleetsweep-agent', [...argv, ...this.#agentPlace], this.#programs)
  }

  /** Writes the configuration that the next start of the agent reads: lines of `[scan]` and of `[engine]`. */
  configureAgent(scan: string, engine = ''): void {
    writeFileSync(this.#agentConfig, `${engineConfig()}${engine}\n[scan]\n${scan}\n`)
  }

  /** Starts the agent again after its end. */
  restartAgent(): void {
    const options = { log: this.#log, programs: this.#programs }
    this.#agent = startProgram('fleetsweep-agent', ['run', ...this.#agentPlace], options)
  }

  async endAgent(): Promise<void> {
    await this.#agent?.end()
  }

  /** As a power cut would. */
  async killAgent(): Promise<void> {
    await this.#agent?.kill()
  }

  /** As a file would that breaks it; does nothing while no engine runs. */
  killEngine(): void {
    const { engine } = this
    if (engine !== undefined) unlessGone(() => process.kill(engine.pid, 'SIGKILL'))
  }

  /** The agent's engine and where it listens; undefined while none runs. */
  get engine(): { pid: number; socketPath: string } | undefined {
    const runtimeDir = join(this.agentState, 'engine')
    const record = unlessGone(() => readFileSync(join(runtimeDir, 'engine.json'), 'utf8'))
    if (record === undefined) return undefined
    const { process: engine, stageDir } = EngineRecord.Parse(JSON.parse(record))
    if (engine === undefined) return undefined
    // The record outlives the process, and its number may be another's by now.
    const commandLine = unlessGone(() => readFileSync(`/proc/${engine.pid}/cmdline`, 'utf8'))
    if (!commandLine?.includes(join(runtimeDir, 'clamd.conf'))) return undefined
    return { pid: engine.pid, socketPath: join(stageDir, 'socket', 'clamd.sock') }
  }

  async killServer(): Promise<void> {
    await this.#server.kill()
  }

  /** Starts the server again after its end, at the same address. */
  async restartServer(): Promise<void> {
    const { server } = await startServer(this.serverData, { log: this.#log, programs: this.#programs })
    this.#server = server
  }

  /** What agent and server logged last, for a failure's message. */
  logTail(lines?: number): string {
    return tailOf(this.folder, lines)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.end()
    await this.#server.end()
    closeSync(this.#log)
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #agentConfig(): string {
    return join(this.folder, 'agent.toml')
  }

  get #agentPlace(): string[] {
    return ['--state', this.agentState, '--config', this.#agentConfig]
  }
}

async function startServer(data: string, options: { log: number; programs: Programs }) {
  const server = startProgram('fleetsweep', ['server', '--data', data, '--json'], options)
  const { url } = await server.waitForLine((line) => {
    const value: unknown = line.startsWith('{') ? JSON.parse(line) : undefined
    return Ready.Check(value) ? value : undefined
  })
  return { server, url }
}

function optionsOf(name: string, values: readonly string[] = []): string[] {
  return values.flatMap((value) => [name, value])
}

function unlessGone<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error
    return undefined
  }
}

function tailOf(folder: string, lines = 15): string {
  return readFileSync(join(folder, 'programs.log'), 'utf8').split('\n').slice(-lines).join('\n')
}

/** The engine that set-up found or brought, and its signatures. */
function engineConfig(): string {
  const clamd = tool('clamd')
  const env = Object.entries(clamd.env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  return `[engine]
clamd = ${JSON.stringify(clamd.path)}
databaseDir = ${JSON.stringify(tool('signatures').path)}
env = { ${env.join(', ')} }
`
}
