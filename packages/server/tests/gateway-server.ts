import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Inventory, MachineActionId, MachineId, ScanType, TenantId } from '@fleetsweep/protocol'
import {
  type FakeMachine,
  MovableClock,
  SigningKey,
  sampleInventoryEngine,
  sampleReport,
} from '@fleetsweep/testkit'
import { pino } from 'pino'
import { type AuditEntry, auditTables } from '../src/audit/index.ts'
import { Gateway, type GatewayOptions } from '../src/gateway/index.ts'
import { type Bus, type Hint, inProcessBus } from '../src/kit/bus.ts'
import type { Database } from '../src/kit/db/database.ts'
import { openSqlite } from '../src/kit/db/sqlite-database.ts'
import { InstantSource } from '../src/kit/instant-source.ts'
import { migrations } from '../src/migrations/index.ts'
import type { OrderKeys } from '../src/signing-key/index.ts'
import { type Stores, sqlStores, type TenantStores } from '../src/stores.ts'

export const REPORT_URL = 'https://fleet.example/scans/'

/** A gateway on a real HTTP server and a real SQLite file, with a clock that tests move. */
export class GatewayServer implements AsyncDisposable {
  readonly clock = new MovableClock()
  readonly bus: Bus = inProcessBus()
  /** What the bus carried. */
  readonly hints: Hint[] = []
  readonly tenant = randomUUID() as TenantId
  readonly serverId = randomUUID()
  readonly logger = pino({ level: 'silent' })
  readonly orderKey = new SigningKey()
  readonly stores: Stores
  readonly gateway: Gateway
  readonly origin: string
  readonly #db: Database
  readonly #http: ReturnType<typeof createServer>
  readonly #folder: string

  static async start(options: Partial<GatewayOptions> = {}): Promise<GatewayServer> {
    const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-gateway-'))
    const http = createServer().listen(0, '127.0.0.1')
    await once(http, 'listening')
    const clock = new MovableClock()
    const db = await openSqlite({
      path: join(folder, 'fleetsweep.db'),
      migrations,
      instants: new InstantSource(clock),
      writerEntry: new URL('../src/sqlite-writer.ts', import.meta.url),
    })
    const server = new GatewayServer({ folder, http, db, clock, options })
    await server.stores.tenants.create({
      id: server.tenant,
      domain: 'contoso.example',
      displayName: 'Contoso',
    })
    return server
  }

  private constructor(parts: {
    folder: string
    http: ReturnType<typeof createServer>
    db: Database
    clock: MovableClock
    options: Partial<GatewayOptions>
  }) {
    this.clock = parts.clock
    this.#folder = parts.folder
    this.#http = parts.http
    this.#db = parts.db
    this.stores = sqlStores(parts.db, randomUUID)
    this.bus.subscribe((hint) => this.hints.push(hint))
    this.gateway = new Gateway({
      stores: this.stores,
      signingKeys: { orderKeys: async () => this.orderKeys },
      bus: this.bus,
      clock: this.clock,
      logger: this.logger,
      newId: randomUUID,
      randomBytes,
      serverId: this.serverId,
      reportUrl: (_, actionId) => REPORT_URL + actionId,
      options: parts.options,
    })
    this.#http.on('upgrade', this.gateway.upgrade)
    const address = this.#http.address()
    this.origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
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
          const [, ...fields] = JSON.parse(new TextDecoder().decode(input))
          return orderKey.sign('fleetsweep.agent.v1/order', fields)
        },
      },
      chain: [orderKey.asOrderKey(tenant)],
    }
  }

  idOf(machine: FakeMachine): MachineId {
    return machine.machineId as MachineId
  }

  /** A machine as enrollment leaves it. */
  async machine(name = 'lab-07', key = new SigningKey(), osIdentity?: string): Promise<FakeMachine> {
    const token = await this.of.enrollment.createToken({
      id: randomUUID(),
      secretHash: 'hash',
      description: '',
      createdBy: 'test',
      lifeMs: 60_000,
      maxUses: 1,
      tags: [],
      replaceMachine: null,
      audit: auditEntry('token'),
    })
    if (token.kind !== 'created') throw new Error('No token was made.')
    const enrolled = await this.of.enrollment.enroll({
      tokenId: token.token.id,
      secretHash: 'hash',
      publicKey: key.publicKey,
      newMachineId: randomBytes(20).toString('hex') as MachineId,
      inventory: sampleInventory(name, osIdentity),
      externalIp: null,
      auditId: randomUUID(),
    })
    if (enrolled.kind !== 'enrolled') throw new Error(`The machine was refused: ${enrolled.why}.`)
    return { tenant: this.tenant, machineId: enrolled.machineId, key }
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
    this.#http.closeAllConnections()
    this.#http.close()
    await this.#db[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export function sampleInventory(name = 'lab-07', osIdentity?: string): Inventory {
  return {
    computerDnsName: name,
    osKind: 'linux',
    osPlatform: 'Debian',
    osVersion: '12.11',
    version: 'Other',
    osBuild: null,
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    agentVersion: '0.1.0',
    ipAddresses: [],
    engine: sampleInventoryEngine,
    bootId: randomUUID(),
    osIdentity: osIdentity ?? randomBytes(32).toString('hex'),
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
