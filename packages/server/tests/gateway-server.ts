import { randomBytes, randomUUID } from 'node:crypto'
import {
  type MachineActionId,
  type MachineId,
  PERMISSIONS,
  type ScanType,
  type TenantId,
} from '@fleetsweep/protocol'
import {
  type FakeMachine,
  MovableClock,
  SigningKey,
  sampleInventory,
  sampleReport,
} from '@fleetsweep/testkit'
import { pino } from 'pino'
import { type AuditEntry, auditTables } from '../src/audit/index.ts'
import { createEnrollmentToken } from '../src/enrollment/http/create-enrollment-token.ts'
import { enroll } from '../src/enrollment/http/enroll.ts'
import { getCaCertificate } from '../src/enrollment/http/get-ca-certificate.ts'
import { listEnrollmentTokens } from '../src/enrollment/http/list-enrollment-tokens.ts'
import { revokeEnrollmentToken } from '../src/enrollment/http/revoke-enrollment-token.ts'
import { enrollmentService } from '../src/enrollment/index.ts'
import { Gateway, type GatewayOptions, isChannelRequest } from '../src/gateway/index.ts'
import { type Bus, type Hint, inProcessBus } from '../src/kit/bus.ts'
import type { Database } from '../src/kit/db/database.ts'
import { ApiError, createHttpServer, Origins, TrustedProxies } from '../src/kit/http/index.ts'
import { type Principal, PrincipalCallLimiter } from '../src/principal/index.ts'
import type { OrderKeys } from '../src/signing-key/index.ts'
import { type Stores, sqlStores, type TenantStores } from '../src/stores.ts'
import { type Backend, type OpenBackend, openSqliteBackend } from './stores/backends.ts'
import { serverSchema } from './stores/testbed.ts'

export const REPORT_URL = 'https://fleet.example/scans/'

export type GatewayServerOptions = Partial<GatewayOptions> & {
  open?: OpenBackend
  localCa?: { certPem: string; sha256: string }
}

/**
 * Where agents are met: gateway and enrollment on a real HTTP server and a real database, with a clock that tests move.
 * Who calls the Fleet API is what the Authorization header says: one permission, or nobody.
 */
export class GatewayServer implements AsyncDisposable {
  readonly clock: MovableClock
  readonly bus: Bus = inProcessBus()
  /** What the bus carried. */
  readonly hints: Hint[] = []
  readonly logger = pino({ level: 'silent' })
  readonly tenant = randomUUID() as TenantId
  readonly serverId = randomUUID()
  readonly orderKey = new SigningKey()
  readonly stores: Stores
  readonly gateway: Gateway
  readonly #backend: Backend
  readonly #db: Database
  readonly #http: ReturnType<typeof createHttpServer>

  static async start(options: GatewayServerOptions = {}): Promise<GatewayServer> {
    const clock = new MovableClock()
    const backend = await (options.open ?? openSqliteBackend)()
    const db = await backend.openNode(serverSchema, clock)
    const server = new GatewayServer({ backend, db, clock, options })
    await server.stores.tenants.create({
      id: server.tenant,
      domain: 'contoso.example',
      displayName: 'Contoso',
    })
    await server.#http.listen({ host: '127.0.0.1', port: 0 })
    return server
  }

  /** Whether the server says that it has signatures to give. */
  holdsSignatures = false

  private constructor(parts: {
    backend: Backend
    db: Database
    clock: MovableClock
    options: GatewayServerOptions
  }) {
    const { clock, options } = parts
    this.clock = clock
    this.#backend = parts.backend
    this.#db = parts.db
    this.stores = sqlStores(parts.db, randomUUID)
    this.bus.subscribe((hint) => this.hints.push(hint))
    const common = {
      stores: this.stores,
      signingKeys: { orderKeys: async () => this.orderKeys },
      bus: this.bus,
      clock,
      logger: this.logger,
      newId: randomUUID,
      randomBytes,
      serverId: this.serverId,
      proxies: new TrustedProxies(),
    }
    this.gateway = new Gateway({
      ...common,
      reportUrl: (_, actionId) => REPORT_URL + actionId,
      holdsSignatures: async () => this.holdsSignatures,
      options,
    })
    const enrollment = enrollmentService({
      ...common,
      tenants: this.stores.tenants,
      enrollmentOf: (tenant) => this.stores.forTenant(tenant).enrollment,
      localCa: options.localCa ?? null,
    })
    this.#http = createHttpServer({
      ...common,
      operations: [
        createEnrollmentToken,
        enroll,
        getCaCertificate,
        listEnrollmentTokens,
        revokeEnrollmentToken,
      ],
      services: { enrollment },
      authenticate: async ({ authorization }) => this.#principal(authorization),
      limiter: new PrincipalCallLimiter(clock),
      origins: new Origins(),
      mayUpgrade: isChannelRequest,
    })
    this.#http.server.on('upgrade', this.gateway.upgrade)
  }

  get origin(): string {
    const address = this.#http.server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }

  #principal(authorization: string | undefined): Principal {
    if (authorization === undefined) throw new ApiError('Unauthorized', 'Nobody calls')
    return {
      kind: 'application',
      tenant: this.tenant,
      id: '7c0fb2ac-0000-4000-8000-000000000001',
      name: 'SOC automation',
      permissions: new Set(PERMISSIONS.filter((permission) => permission === authorization)),
      rolePermissions: null,
      reach: { kind: 'allMachines' },
      requestSource: 'PublicApi',
    }
  }

  get of(): TenantStores {
    return this.stores.forTenant(this.tenant)
  }

  get orderKeys(): OrderKeys {
    const { orderKey, tenant } = this
    return {
      current: {
        keyId: orderKey.keyId,
        sign: (input) => {
          const [context, ...fields] = JSON.parse(new TextDecoder().decode(input))
          return orderKey.sign(context, fields)
        },
      },
      chain: [orderKey.asOrderKey(tenant)],
    }
  }

  idOf(machine: FakeMachine): MachineId {
    return machine.machineId as MachineId
  }

  /** A machine as enrollment leaves it. */
  async machine(name = 'lab-07'): Promise<FakeMachine> {
    const key = new SigningKey()
    return { tenant: this.tenant, machineId: await this.#enroll(name, key, null), key }
  }

  /** Gives a machine another key, as a node does that this one hears nothing of. */
  async replaceKey(machine: FakeMachine): Promise<SigningKey> {
    const key = new SigningKey()
    await this.#enroll('lab-07', key, this.idOf(machine))
    return key
  }

  async #enroll(name: string, key: SigningKey, replaceMachine: MachineId | null): Promise<MachineId> {
    const token = await this.of.enrollment.createToken({
      id: randomUUID(),
      secretHash: 'hash',
      description: '',
      createdBy: 'test',
      lifeMs: 60_000,
      maxUses: 1,
      tags: [],
      replaceMachine,
      audit: auditEntry('token'),
    })
    if (token.kind !== 'created') throw new Error('No token was made.')
    const enrolled = await this.of.enrollment.enroll({
      tokenId: token.token.id,
      secretHash: 'hash',
      publicKey: key.publicKey,
      newMachineId: randomBytes(20).toString('hex') as MachineId,
      inventory: sampleInventory(name),
      externalIp: null,
      auditId: randomUUID(),
    })
    if (enrolled.kind !== 'enrolled') throw new Error(`The machine was refused: ${enrolled.why}.`)
    return enrolled.machineId
  }

  /** Asks for a scan, as the API does, without waking the machine. */
  async requestScan(machine: FakeMachine, scanType: ScanType = 'Quick'): Promise<MachineActionId> {
    const requested = await this.of.machineActions.requestScan({
      id: randomUUID() as MachineActionId,
      machineId: this.idOf(machine),
      scanType,
      requestor: 'SOC automation',
      comment: 'due to alert 3212',
      externalId: null,
      requestSource: 'PublicApi',
      paths: null,
      rescan: false,
      idempotency: null,
      timeOutMs: 72 * 3_600_000,
      audit: auditEntry('scan'),
    })
    if (requested.kind !== 'created') throw new Error(`The scan was not created: ${requested.kind}.`)
    return requested.action.id
  }

  /** A scan that ended before any agent connected. */
  async endedScan(machine: FakeMachine): Promise<MachineActionId> {
    const actionId = await this.requestScan(machine)
    await this.of.scans.takeEvent({
      machineId: this.idOf(machine),
      actionId,
      number: 1,
      event: { kind: 'finished', report: sampleReport() },
      reportUrl: REPORT_URL,
      silenceMs: 1_000,
    })
    return actionId
  }

  async cancel(id: MachineActionId): Promise<void> {
    const cancellation = { id, requestor: 'SOC automation', comment: null, audit: auditEntry('cancel') }
    await this.of.machineActions.cancel(cancellation)
  }

  wake(machine: FakeMachine): void {
    this.bus.publish({ topic: 'wake', tenant: this.tenant, machineIds: [machine.machineId] })
  }

  /** The details of audit entries about one thing. */
  async auditOf(operation: string, target: string): Promise<unknown[]> {
    const rows = await this.#db.read(
      auditTables(this.#db.dialect)
        .selectFrom('audit_entry')
        .select('detail')
        .where('tenant', '=', this.tenant)
        .where('operation', '=', operation)
        .where('target', '=', target)
        .orderBy('at'),
    )
    return rows.map(({ detail }) => JSON.parse(detail))
  }

  async statusOf(id: MachineActionId): Promise<string | undefined> {
    return (await this.of.machineActions.find(id))?.status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.drain()
    await this.#http.close()
    await this.#db[Symbol.asyncDispose]()
    await this.#backend[Symbol.asyncDispose]()
  }
}

function auditEntry(operation: string): AuditEntry {
  return {
    id: randomUUID(),
    principal: { kind: 'application', id: randomUUID(), name: 'test' },
    operation,
    target: '',
    detail: {},
  }
}
