import { randomUUID } from 'node:crypto'
import { type DeviceGroupId, type TenantId, UNGROUPED } from '@fleetsweep/protocol'
import { createDatabase, MovableClock, until } from '@fleetsweep/testkit'
import { sql } from 'kysely'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changeDeviceGroupWrite } from '../src/device-group/index.ts'
import { enrollWrite } from '../src/enrollment/index.ts'
import type { Database } from '../src/kit/db/database.ts'
import { openPostgres } from '../src/kit/db/postgres-database.ts'
import { rawQuery } from '../src/kit/db/raw-query.ts'
import type { WriteSteps } from '../src/kit/db/write.ts'
import { InstantSource } from '../src/kit/instant-source.ts'
import { changeMachinesWrite } from '../src/machine/index.ts'
import type { MachinesChange } from '../src/machine/machine-store.ts'
import { ALL_MACHINES } from '../src/principal/index.ts'
import { sqlStores, type TenantStores } from '../src/stores.ts'
import { auditEntry, enrollment, machineId, newDeviceGroup, newToken, rule } from './stores/builders.ts'
import { serverSchema } from './stores/testbed.ts'

const LAB = 1 as DeviceGroupId
const OLD_RULES = rule('name', 'startsWith', 'lab-')
const NEW_RULES = rule('name', 'startsWith', 'office-')
const NEW_TAG = rule('tag', 'equals', 'office')

// Another server's transaction is held open at its worst moment; SQLite has one writer, where this cannot happen.
describe('on PostgreSQL, a machine that enrolls or is tagged while rules change', () => {
  const tenant = randomUUID() as TenantId
  const clock = new MovableClock()
  let parts: AsyncDisposableStack
  let db: Database
  let stores: TenantStores
  let other: pg.Client

  beforeEach(async () => {
    parts = new AsyncDisposableStack()
    const { connectionString } = parts.use(await createDatabase())
    const { migrations, writes } = serverSchema
    const instants = new InstantSource(clock)
    db = parts.use(await openPostgres({ connectionString, migrations, writes, instants }))
    const types = {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
    }
    other = new pg.Client({ connectionString, types })
    await other.connect()
    parts.defer(() => other.end())
    stores = sqlStores(db, randomUUID).forTenant(tenant)
    await stores.deviceGroups.create(newDeviceGroup('Lab', OLD_RULES), auditEntry())
    await stores.enrollment.createToken(newToken(1, { maxUses: 9 }))
  })
  afterEach(() => parts.disposeAsync())

  /** Does all of a write but its commit. */
  const hold = async (steps: WriteSteps<unknown>): Promise<void> => {
    await other.query('BEGIN')
    let next = steps.next([])
    while (!next.done) {
      const { sql: text, parameters } = next.value
      const { rows } = await other.query({ text, values: [...parameters] })
      next = steps.next(rows)
    }
  }
  const context = () => ({ dialect: 'postgres', at: clock.now() }) as const
  const isAnyWaiting = async () => {
    const waiting = sql`select count(*) as n from pg_locks where locktype = 'advisory' and not granted`
    const [row] = await db.read(rawQuery<{ n: number }>('postgres', waiting))
    return row?.n === 1
  }
  /** Lets a write come after the one that is held open: it is done already, or waits. */
  const afterwards = async (write: Promise<unknown>): Promise<void> => {
    let isDone = false
    void write.finally(() => {
      isDone = true
    })
    await until(async () => isDone || (await isAnyWaiting()), 'the write is done, or waits')
    await other.query('COMMIT')
    await write
  }
  const groupOfMachine = async () => (await stores.machines.find(machineId(10)))?.deviceGroup

  it('is where the new rules say when it had read the old ones', async () => {
    await hold(
      enrollWrite.steps(
        { kind: 'enrollment.enroll', tenant, enrollment: enrollment(1, 'key', 10) },
        context(),
      ),
    )
    await afterwards(stores.deviceGroups.change(LAB, { rules: NEW_RULES }, auditEntry()))
    expect(await groupOfMachine()).toBe(UNGROUPED)
  })

  it('is where the new rules say when they were not there to be read yet', async () => {
    const change = { kind: 'deviceGroup.change', tenant, id: LAB, change: { rules: NEW_RULES } } as const
    await hold(changeDeviceGroupWrite.steps({ ...change, audit: auditEntry() }, context()))
    await afterwards(stores.enrollment.enroll(enrollment(1, 'key', 10)))
    expect(await groupOfMachine()).toBe(UNGROUPED)
  })

  const tagging: MachinesChange = {
    machines: [{ id: machineId(10), auditId: 'tagged' }],
    reach: ALL_MACHINES,
    change: { tags: { kind: 'add', tag: 'office' } },
    by: { kind: 'application', id: 'app', name: 'Playbooks' },
    operation: 'machine.tag',
  }

  it('is where the new rules want its tag when it was tagged under the old ones', async () => {
    await stores.enrollment.enroll(enrollment(1, 'key', 10))
    await hold(changeMachinesWrite.steps({ kind: 'machine.change', tenant, change: tagging }, context()))
    await afterwards(stores.deviceGroups.change(LAB, { rules: NEW_TAG }, auditEntry()))
    expect(await groupOfMachine()).toBe(LAB)
  })

  it('is where the new rules want its tag when it is tagged before they are there to be read', async () => {
    await stores.deviceGroups.change(LAB, { rules: rule('tag', 'equals', 'lab') }, auditEntry())
    await stores.enrollment.enroll(enrollment(1, 'key', 10))
    const change = { kind: 'deviceGroup.change', tenant, id: LAB, change: { rules: NEW_TAG } } as const
    await hold(changeDeviceGroupWrite.steps({ ...change, audit: auditEntry() }, context()))
    await afterwards(stores.machines.change(tagging))
    expect(await groupOfMachine()).toBe(LAB)
  })
})
