import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CreatedEnrollmentToken,
  decodeEnrollmentToken,
  ENROLL_PATH,
  type EnrollAnswer,
  type EnrollRequest,
  type MachineAction,
  type Scan,
  type ScanType,
} from '@fleetsweep/protocol'
import {
  createServer,
  type FleetServer,
  type InitialisedServer,
  type InitOptions,
  initServer,
  loadConfig,
  loadSealingKey,
  type ServerConfig,
  type ServerParts,
} from '@fleetsweep/server'
import { pino } from 'pino'
import { createDatabase } from './create-database.ts'
import type { FakeMachine } from './fake-agent.ts'
import { MovableClock } from './movable-clock.ts'
import { sampleInventory } from './sample-inventory.ts'
import { SigningKey } from './signing-key.ts'

export type TestServerOptions = {
  database?: 'sqlite' | 'postgres'
  /** Of the whole server; a movable one that stands at `MovableClock`'s beginning when absent. */
  clock?: MovableClock
  tls?: InitOptions['tls']
  /** Settings that shall not be as `init` writes them. */
  config?: Partial<ServerConfig>
  /** Parts that shall not be the usual ones. */
  parts?: Partial<ServerParts>
}

export type CallOptions = { body?: unknown; token?: string | null; headers?: Record<string, string> }

/** A whole server in this process, set up as `fleetsweep init` does, on a clock that tests move. */
export class TestServer implements AsyncDisposable {
  readonly clock: MovableClock
  /** What `init` made: tenant, first application and its secret. */
  readonly made: InitialisedServer
  readonly #start: (port?: number) => Promise<FleetServer>
  readonly #remove: AsyncDisposableStack
  #server: FleetServer
  #tokens = new Map<string, { text: string; goodUntilMs: number }>()

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    await using folder = new AsyncDisposableStack()
    const root = mkdtempSync(join(tmpdir(), 'fleetsweep-server-'))
    folder.defer(() => rmSync(root, { recursive: true, force: true }))
    const dataDir = join(root, 'data')
    const clock = options.clock ?? new MovableClock()
    const database =
      options.database === 'postgres' ? folder.use(await createDatabase()).connectionString : undefined
    const made = await initServer(
      {
        dataDir,
        hosts: ['localhost'],
        tls: options.tls ?? 'off',
        listen: '127.0.0.1:0',
        publicOrigins: [],
        trustedProxies: [],
        aliases: [],
        database,
        tenantDomain: 'contoso.example',
        applicationName: 'SOC automation',
      },
      { env: {}, clock, newId: randomUUID, randomBytes },
    )
    const start = (port?: number) =>
      createServer({
        config: { ...loadConfig({}, { dataDir, port }), ...options.config },
        sealingKey: loadSealingKey(dataDir, {}),
        logger: pino({ level: 'silent' }),
        clock,
        ...options.parts,
      })
    return new TestServer({ clock, made, start, server: await start(), remove: folder.move() })
  }

  private constructor(parts: {
    clock: MovableClock
    made: InitialisedServer
    start: (port?: number) => Promise<FleetServer>
    server: FleetServer
    remove: AsyncDisposableStack
  }) {
    this.clock = parts.clock
    this.made = parts.made
    this.#start = parts.start
    this.#server = parts.server
    this.#remove = parts.remove
  }

  /** The running server; another one after `restart`. */
  get server(): FleetServer {
    return this.#server
  }

  get url(): string {
    return this.#server.url
  }

  /** Stops the server as SIGTERM does and starts it again on the same data and port. */
  async restart(): Promise<void> {
    await this.#server.stop()
    this.#server = await this.#start(this.#server.port)
  }

  /** An access token of an application, the first one when none is named; a new one when the last is nearly over. */
  async token(application: { id: string; secret: string } = this.made.application): Promise<string> {
    const nowMs = this.clock.now() / 1_000
    const known = this.#tokens.get(application.id)
    if (known && known.goodUntilMs > nowMs) return known.text
    const answer = await fetch(`${this.url}/${this.made.tenant.id}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: application.id,
        client_secret: application.secret,
        scope: 'https://api.securitycenter.microsoft.com/.default',
      }),
    })
    const { access_token: text } = (await answer.json()) as { access_token?: string }
    if (text === undefined) throw new Error(`No token was issued: ${answer.status}.`)
    this.#tokens.set(application.id, { text, goodUntilMs: nowMs + 50 * 60_000 })
    return text
  }

  /** Calls as the first application unless `token` says otherwise; null is no token at all. */
  async call(target: string, { body, token, headers }: CallOptions = {}): Promise<Response> {
    const [method = 'GET', path = '/'] = target.split(' ')
    const bearer = token === undefined ? await this.token() : token
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  /** Enrolls a machine as an agent does, with a token of its own. */
  async enroll(computerDnsName = 'lab-01.example', key = new SigningKey()): Promise<FakeMachine> {
    const created = await this.#json<CreatedEnrollmentToken>('POST /fleet/v1/enrollmentTokens', { body: {} })
    const content = decodeEnrollmentToken(created.token)
    if (content === undefined) throw new Error('The enrollment token cannot be read.')
    const { tenant, tokenId, secret } = content
    const { publicKey } = key
    const signature = key.sign('fleetsweep.agent.v1/enroll', [tenant, tokenId, secret, publicKey])
    const inventory = sampleInventory(computerDnsName)
    const body: EnrollRequest = { tenant, tokenId, secret, publicKey, signature, inventory }
    const { machineId } = await this.#json<EnrollAnswer>(`POST ${ENROLL_PATH}`, { body, token: null })
    return { tenant, machineId, key }
  }

  /** Asks for a scan as clients do. */
  requestScan({ machineId }: FakeMachine, scanType: ScanType = 'Quick'): Promise<MachineAction> {
    const body = { Comment: 'Check machine due to alert 3212', ScanType: scanType }
    return this.#json(`POST /api/machines/${machineId}/runAntiVirusScan`, { body })
  }

  machineAction(id: string): Promise<MachineAction> {
    return this.#json(`GET /api/machineactions/${id}`)
  }

  scan(id: string): Promise<Scan> {
    return this.#json(`GET /fleet/v1/scans/${id}`)
  }

  /** What a call answers that must succeed. */
  async #json<Body>(target: string, options?: CallOptions): Promise<Body> {
    const answer = await this.call(target, options)
    if (!answer.ok) throw new Error(`${target} was answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as Body
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop()
    await this.#remove.disposeAsync()
  }
}
