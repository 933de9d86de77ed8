import { randomUUID } from 'node:crypto'
import type { AgentEvent, Instant, TenantId } from '@fleetsweep/protocol'
import { buildProgress, buildReport, MovableClock } from '@fleetsweep/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/kit/db/database.ts'
import type { Command } from '../src/kit/db/write.ts'
import { ALL_MACHINES } from '../src/principal/index.ts'
import { type Backend, openPostgresBackend, openSqliteBackend } from './stores/backends.ts'
import {
  accepted,
  actionId,
  auditEntry,
  cancellation,
  detected,
  enrollment,
  finished,
  guid,
  inventory,
  machineId,
  newScan,
  newToken,
  started,
  TIME_OUT_MS,
  told,
} from './stores/builders.ts'
import { dumpTenant, serverSchema } from './stores/testbed.ts'

// Few machines, ids and keys, so that commands meet each other.
const machine = fc.integer({ min: 1, max: 3 })
const scan = fc.integer({ min: 1, max: 5 })
const token = fc.integer({ min: 1, max: 3 })
const key = fc.constantFrom('key-1', 'key-2', 'key-3', 'key-4')
const address = fc.constantFrom('192.0.2.1', '2001:DB8::1', '127.0.0.1')
const scanType = fc.constantFrom('Quick' as const, 'Full' as const)

const event: fc.Arbitrary<AgentEvent> = fc.oneof(
  fc.constant(accepted),
  fc.integer({ min: 1, max: 3 }).map(started),
  fc.constantFrom('/tmp/a', '/tmp/b').map((path) => detected(path)),
  fc.constant(finished),
  fc
    .constantFrom(null, buildReport())
    .map((report) => ({ kind: 'failed' as const, reason: 'No engine', report })),
  fc
    .constantFrom('processGone' as const, 'queueEmpty' as const, 'neverStarted' as const)
    .map((proof) => ({ kind: 'stopped' as const, proof, stoppedWithinMs: 7, report: null })),
)

/** A command, but for its tenant. */
type Step = { readonly kind: string; readonly [field: string]: unknown }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(scan, machine, scanType).map(([id, on, type]) => {
      return { kind: 'machineAction.requestScan', scan: newScan(id, on, { scanType: type }) }
    }),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(scan, machine, fc.integer({ min: 1, max: 5 }), event)
      .map(([id, by, number, event]) => {
        return { kind: 'scan.takeEvent', incoming: told(id, by, number, event) }
      }),
  },
  {
    weight: 2,
    arbitrary: scan.map((id) => ({ kind: 'machineAction.cancel', cancellation: cancellation(id) })),
  },
  fc.tuple(scan, fc.boolean()).map(([id, late]) => {
    const now = (late ? Number.MAX_SAFE_INTEGER : 0) as Instant
    return { kind: 'machineAction.expire', id: actionId(id), now, audit: auditEntry() }
  }),
  fc.tuple(scan, machine).map(([id, by]) => ({
    kind: 'scan.recordProgress',
    actionId: actionId(id),
    machineId: machineId(by),
    progress: buildProgress(),
    silenceMs: TIME_OUT_MS,
  })),
  fc.tuple(machine, fc.uniqueArray(scan, { maxLength: 3 })).map(([by, ids]) => {
    const listed = ids.map((id) => ({ actionId: actionId(id), lastEvent: 1, ended: false }))
    return {
      kind: 'scan.reconcile',
      reconciliation: { machineId: machineId(by), listed, silenceMs: TIME_OUT_MS },
    }
  }),
  fc.tuple(token, fc.option(machine), fc.integer({ min: 1, max: 3 })).map(([id, replace, maxUses]) => {
    const replaceMachine = replace === null ? null : machineId(replace)
    return { kind: 'enrollment.createToken', token: newToken(id, { maxUses, replaceMachine }) }
  }),
  {
    weight: 3,
    arbitrary: fc.tuple(token, key, machine, machine).map(([id, publicKey, of, os]) => {
      return {
        kind: 'enrollment.enroll',
        enrollment: enrollment(id, publicKey, of, { inventory: inventory(of, os) }),
      }
    }),
  },
  token.map((id) => ({ kind: 'enrollment.revokeToken', id: guid(id), audit: auditEntry() })),
  fc.tuple(machine, fc.uniqueArray(address, { maxLength: 2 })).map(([id, ips]) => {
    const told = { macAddress: null, type: 'Ethernet', operationalStatus: 'Up' }
    const ipAddresses = ips.map((ipAddress) => ({ ipAddress, ...told }))
    const said = { ...inventory(id), ipAddresses }
    return { kind: 'machine.recordInventory', id: machineId(id), inventory: said, externalIp: null }
  }),
  fc.tuple(machine, fc.boolean()).map(([id, isNew]) => {
    const at = Number.MAX_SAFE_INTEGER as Instant
    const seen = { id: machineId(id), at: 1 as Instant, ...(isNew && { connectedAt: at }) }
    return { kind: 'machine.recordSeen', seen: [seen] }
  }),
  fc
    .tuple(fc.uniqueArray(machine, { minLength: 1 }), fc.constantFrom('Lab', 'LAB', 'x'), fc.boolean())
    .map(([ids, tag, isAdded]) => {
      const machines = ids.map((id) => ({ id: machineId(id), auditId: auditEntry().id }))
      const tags = { kind: isAdded ? 'add' : 'remove', tag }
      const { principal: by } = auditEntry()
      const change = { machines, reach: ALL_MACHINES, change: { tags }, by, operation: 'machine.tag' }
      return { kind: 'machine.change', change }
    }),
  machine.map((id) => {
    return { kind: 'machine.holdOrders', id: machineId(id), because: 'copied', audit: auditEntry() }
  }),
)

describe('the two databases', () => {
  const opened: { backend: Backend; db: Database }[] = []

  beforeAll(async () => {
    for (const open of [openSqliteBackend, openPostgresBackend]) {
      const backend = await open()
      opened.push({ backend, db: await backend.openNode(serverSchema, new MovableClock()) })
    }
  })

  afterAll(async () => {
    for (const { backend, db } of opened) {
      await db[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
    }
  })

  it('give the same outcomes and keep the same rows, whatever commands come in whatever batches', async () => {
    const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(batches, async (steps) => {
        const tenant = randomUUID() as TenantId
        const [onSqlite, onPostgres] = await Promise.all(
          opened.map(({ db }) => play(db, tenant, [[...firstSteps()], ...steps])),
        )
        expect(onPostgres).toEqual(onSqlite)
      }),
      { numRuns: 60 },
    )
  })

  /** Two machines are there from the start, so that most commands have something to work on. */
  const firstSteps = (): Step[] => [
    {
      kind: 'enrollment.createToken',
      token: newToken(9, { maxUses: 2, audit: auditEntry({ id: 'first' }) }),
    },
    { kind: 'enrollment.enroll', enrollment: enrollment(9, 'key-1', 1, { auditId: 'second' }) },
    { kind: 'enrollment.enroll', enrollment: enrollment(9, 'key-2', 2, { auditId: 'third' }) },
  ]

  async function play(db: Database, tenant: TenantId, batches: readonly (readonly Step[])[]) {
    const outcomes: unknown[] = []
    for (const batch of batches) {
      const commands: Command[] = batch.map((command) => ({ ...command, tenant }))
      const results = await db.apply(commands)
      // The two databases word their errors differently.
      outcomes.push(results.map((result) => ('error' in result ? 'error' : result.outcome)))
    }
    return { outcomes, rows: await dumpTenant(db, tenant) }
  }
})
