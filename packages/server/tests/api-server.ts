import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ApplicationId,
  type CallLimits,
  CLI_CLIENT_ID,
  type Inventory,
  type MachineId,
  PERMISSIONS,
  type Permission,
  type TenantId,
  type UserGroupId,
  type UserId,
} from '@fleetsweep/protocol'
import { createDatabase, MovableClock } from '@fleetsweep/testkit'
import { pino } from 'pino'
import { createServer, type FleetServer, type ServerParts } from '../src/app.ts'
import { DEFAULT_ATTACHMENTS, type ServerConfig } from '../src/config/index.ts'
import { createLocalApplication } from '../src/init/index.ts'
import { signAccessToken } from '../src/oauth/access-token.ts'
import { hashPassword } from '../src/sign-in/password-hash.ts'
import { readSealingKey, sealedSigningKeys } from '../src/signing-key/index.ts'
import type { Stores, TenantStores } from '../src/stores.ts'
import { type CallAnswer, call } from './call.ts'
import { inventory } from './stores/builders.ts'

export const TENANT_DOMAIN = 'contoso.example'
/** Tests hash many passwords, and nobody guesses them. */
const QUICK = { memoryKiB: 64, passes: 1, lanes: 1 }
const OPERATOR = { kind: 'operator', id: 'test', name: 'test' } as const

/** Where a server keeps its rows, and how to get rid of them. */
export type ApiDatabase = { database: ServerConfig['database'] } & AsyncDisposable

export async function sqliteDatabase(): Promise<ApiDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-api-'))
  return {
    database: { kind: 'sqlite', path: join(folder, 'fleetsweep.db') },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function postgresDatabase(): Promise<ApiDatabase> {
  const database = await createDatabase()
  return {
    database: { kind: 'postgres', connectionString: database.connectionString },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

export type Application = { id: ApplicationId; secret: string }

/** A whole server as clients meet it: over HTTP, on a real database, with a clock that tests move. */
export class ApiServer implements AsyncDisposable {
  readonly tenant = randomUUID() as TenantId
  readonly clock: MovableClock
  readonly #server: FleetServer
  readonly #database: ApiDatabase
  readonly #sealingKey: Buffer
  readonly #startNode: () => Promise<FleetServer>

  /** `config` and `parts` are what shall not be as usual; nodes that start later share it. */
  static async start(
    openDatabase: () => Promise<ApiDatabase> = sqliteDatabase,
    config: Partial<ServerConfig> = {},
    parts: Pick<ServerParts, 'resolveHost' | 'pageSize'> = {},
  ): Promise<ApiServer> {
    const database = await openDatabase()
    const clock = new MovableClock()
    const sealingKey = randomBytes(32)
    const startNode = () =>
      createServer({
        config: {
          dataDir: tmpdir(),
          listen: { host: '127.0.0.1', port: 0 },
          publicOrigins: [],
          database: database.database,
          tls: { kind: 'off' },
          trustedProxies: [],
          aliases: { api: [], login: [] },
          externalIssuers: [],
          webhookNetworks: [],
          timeouts: {
            pendingMs: 72 * 3_600_000,
            silenceMs: 72 * 3_600_000,
            checkpointSilenceMs: 168 * 3_600_000,
          },
          attachments: DEFAULT_ATTACHMENTS,
          signatureMirror: 'imported',
          logLevel: 'silent',
          ...config,
        },
        sealingKey,
        logger: pino({ level: 'silent' }),
        clock,
        ...parts,
      })
    const api = new ApiServer(await startNode(), database, clock, sealingKey, startNode)
    await api.#setUp()
    return api
  }

  private constructor(
    server: FleetServer,
    database: ApiDatabase,
    clock: MovableClock,
    sealingKey: Buffer,
    startNode: () => Promise<FleetServer>,
  ) {
    this.#startNode = startNode
    this.#server = server
    this.#database = database
    this.#sealingKey = sealingKey
    this.clock = clock
  }

  get origin(): string {
    return this.#server.url
  }

  /** Where its rows are, for a test that takes them away. */
  get database(): ServerConfig['database'] {
    return this.#database.database
  }

  /** Another server on the same rows, which hears nothing of what this one does. */
  async openNode(): Promise<{ origin: string } & AsyncDisposable> {
    const node = await this.#startNode()
    return { origin: node.url, [Symbol.asyncDispose]: () => node.stop() }
  }

  get stores(): Stores {
    return this.#server.stores
  }

  get of(): TenantStores {
    return this.stores.forTenant(this.tenant)
  }

  async #setUp(): Promise<void> {
    await this.stores.tenants.create({ id: this.tenant, domain: TENANT_DOMAIN, displayName: 'Contoso' })
    await this.addKeys(this.tenant)
  }

  async addKeys(tenant: TenantId): Promise<void> {
    await this.#signingKeys.addKey(tenant, 'token', OPERATOR)
    await this.#signingKeys.addKey(tenant, 'order', OPERATOR)
  }

  get #signingKeys() {
    return sealedSigningKeys({
      storeOf: (of) => this.stores.forTenant(of).signingKeys,
      sealingKey: readSealingKey(this.#sealingKey),
      clock: this.clock,
      newId: randomUUID,
    })
  }

  /** Somebody in these user groups. */
  async user(userPrincipalName: string, groups: readonly UserGroupId[] = []): Promise<UserId> {
    const id = randomUUID() as UserId
    const audit = { id: randomUUID(), principal: OPERATOR, operation: 'user.create', target: id, detail: {} }
    await this.of.users.create({ id, userPrincipalName, displayName: userPrincipalName, groups }, audit)
    return id
  }

  /** Somebody with a password. */
  async userWithPassword(
    userPrincipalName: string,
    password: string,
    groups: readonly UserGroupId[] = [],
  ): Promise<UserId> {
    const user = await this.user(userPrincipalName, groups)
    await this.setPassword(user, password)
    return user
  }

  /** Gives somebody a password as a one-time link does. */
  async setPassword(user: UserId, password: string): Promise<void> {
    const secretHash = randomUUID()
    const audit = (operation: string) => ({
      id: randomUUID(),
      principal: OPERATOR,
      operation,
      target: user,
      detail: {},
    })
    await this.of.credentials.addLink({ user, secretHash, lifeMs: 60_000 }, audit('test.addLink'))
    const passwordHash = await hashPassword(password, QUICK)
    await this.of.credentials.useLink({ user, secretHash, passwordHash }, audit('test.useLink'))
  }

  /** A token for somebody, as if they had signed in with a program that may ask for these scopes. */
  async userToken(
    user: UserId,
    scopes: readonly string[],
    using: ApplicationId = CLI_CLIENT_ID,
  ): Promise<string> {
    const session = randomUUID()
    await this.of.artifacts.keep({
      kind: 'Grant',
      idHash: session,
      sealed: '',
      signIn: null,
      sessionHash: null,
      userCodeHash: null,
      user,
      application: using,
      lifeMs: 90 * 86_400_000,
    })
    return signAccessToken(await this.#signingKeys.tokenKeys(this.tenant), {
      version: 'v2',
      origin: this.origin,
      tenant: this.tenant,
      subject: { kind: 'user', user, application: using, scopes, session },
      displayName: 'Somebody',
      userPrincipalName: 'somebody@contoso.example',
      proof: 'none',
      audience: this.origin,
      issuedAtSeconds: Math.floor(this.clock.now() / 1_000_000),
      uti: randomUUID(),
    })
  }

  /** A token of an application that nobody registered, signed by this server's own key, but for what is given. */
  async signedToken(given: {
    issuedSecondsAgo?: number
    audience?: string
    tenant?: TenantId
  }): Promise<string> {
    const { issuedSecondsAgo = 0, audience = this.origin, tenant = this.tenant } = given
    const application = randomUUID() as ApplicationId
    return signAccessToken(await this.#signingKeys.tokenKeys(this.tenant), {
      version: 'v2',
      origin: this.origin,
      tenant,
      subject: { kind: 'application', application, credential: randomUUID(), roles: PERMISSIONS },
      displayName: 'Nobody',
      proof: 'secret',
      audience,
      issuedAtSeconds: Math.floor(this.clock.now() / 1_000_000) - issuedSecondsAgo,
      uti: randomUUID(),
    })
  }

  /** Registers an application; it may do everything unless told otherwise, and call as often as it likes. */
  async application(
    permissions: readonly Permission[] = PERMISSIONS,
    tenant: TenantId = this.tenant,
  ): Promise<Application> {
    const parts = { clock: this.clock, newId: randomUUID, randomBytes }
    const made = await createLocalApplication(
      this.stores,
      tenant,
      { displayName: 'Playbooks', permissions },
      parts,
    )
    await this.setLimits(made.id, { perMinute: 1_000_000, perHour: 1_000_000 }, tenant)
    return made
  }

  /** How often an application may call; null for what everybody may. */
  async setLimits(id: ApplicationId, limits: CallLimits, tenant: TenantId = this.tenant): Promise<void> {
    const audit = { id: randomUUID(), principal: OPERATOR, operation: 'test', target: id, detail: {} }
    await this.stores.forTenant(tenant).applications.setLimits(id, limits, audit)
  }

  /** Gets a token as clients do. */
  async token({ id, secret }: Application, tenant: TenantId = this.tenant): Promise<string> {
    const answer = await call(this.origin, `POST /${tenant}/oauth2/v2.0/token`, {
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: secret,
        scope: 'https://api.securitycenter.microsoft.com/.default',
      }).toString(),
    })
    return answer.json<{ access_token: string }>().access_token
  }

  /** A caller with a token of its own. */
  async caller(permissions?: readonly Permission[], tenant: TenantId = this.tenant): Promise<ApiCaller> {
    const token = await this.token(await this.application(permissions, tenant), tenant)
    return (target, options = {}) =>
      call(this.origin, target, {
        ...options,
        headers: { authorization: `Bearer ${token}`, ...options.headers },
      })
  }

  /** Names the server to its machines. */
  serverId(): Promise<string> {
    return this.#server.stores.tenants.serverId(randomUUID())
  }

  /** A machine as enrollment leaves it. */
  async machine(
    n: number,
    given: Partial<Inventory> = {},
    tags: string[] = [],
    publicKey = randomBytes(32).toString('base64'),
  ): Promise<MachineId> {
    const tokenId = randomUUID()
    await this.of.enrollment.createToken({
      id: tokenId,
      secretHash: 'hash',
      description: '',
      createdBy: 'test',
      lifeMs: 60_000,
      maxUses: 1,
      tags,
      replaceMachine: null,
      audit: { id: randomUUID(), principal: OPERATOR, operation: 'test', target: tokenId, detail: {} },
    })
    const enrolled = await this.of.enrollment.enroll({
      tokenId,
      secretHash: 'hash',
      publicKey,
      newMachineId: randomBytes(20).toString('hex') as MachineId,
      inventory: { ...inventory(n), ...given },
      externalIp: null,
      auditId: randomUUID(),
    })
    if (enrolled.kind !== 'enrolled') throw new Error(`The machine was refused: ${enrolled.why}.`)
    return enrolled.machineId
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop()
    await this.#database[Symbol.asyncDispose]()
  }
}

export type ApiCaller = (target: string, options?: Parameters<typeof call>[2]) => Promise<CallAnswer>

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What is wrong with an answer as a refusal of the Defender API; `code message` where nothing is. */
export function refusalOf(answer: CallAnswer): { status: number; code: string; message: string } {
  const { error } = answer.json<{ error: { code: string; message: string; target: string } }>()
  const { code, message, target } = error
  if (answer.text !== JSON.stringify({ error: { code, message, target } })) {
    throw new Error(`This is not exactly code, message and target: ${answer.text}`)
  }
  if (!GUID.test(target)) throw new Error(`The target of a refusal must be a GUID: ${answer.text}`)
  if (answer.headers['content-type'] !== 'application/json; charset=utf-8') {
    throw new Error(`A refusal must be plain JSON, not ${answer.headers['content-type']}.`)
  }
  return { status: answer.status, code, message }
}
