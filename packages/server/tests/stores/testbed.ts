import { randomUUID } from 'node:crypto'
import type { TenantId } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { CompiledQuery } from 'kysely'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Database } from '../../src/kit/db/database.ts'
import type { Row } from '../../src/kit/db/query.ts'
import { migrations } from '../../src/migrations/index.ts'
import { type Stores, sqlStores, type TenantStores } from '../../src/stores.ts'
import { writes } from '../../src/writes.ts'
import type { Backend, OpenBackend, Schema } from './backends.ts'
import {
  accepted,
  auditEntry,
  enrollment,
  newDeviceGroup,
  newRole,
  newScan,
  newTask,
  newToken,
  newUser,
  newUserGroup,
  newWebhook,
  rule,
  told,
  userGroupId,
} from './builders.ts'

/** The server's own tables and writes. */
export const serverSchema: Schema = {
  migrations,
  writes,
  writerEntry: new URL('../../src/sqlite-writer.ts', import.meta.url),
}

/** Time-outs end actions of all tenants; those of the tenant that may not change are far off. */
const TEN_YEARS_MS = 10 * 365 * 86_400_000

/** The machines that every tenant of a test has. */
export const MACHINES = [1, 2, 3, 4, 5, 6] as const

export type Testbed = {
  readonly db: Database
  readonly stores: Stores
  readonly clock: MovableClock
  /**
   * Two new tenants whose machines have the same ids; the second also has actions 1 (`Pending`, on machine 1) and 2
   * (`InProgress`, on machine 2), task 3 (`Pending`, on machine 1), person 1 in user group 1 with role 1, and device group 1 with machine 1. After the test not one row of the second may have changed.
   */
  twoTenants(): Promise<{ tenant: TenantId; ours: TenantStores; theirs: TenantStores }>
  /** All rows of a tenant in one table. */
  rows(table: string, tenant: TenantId): Promise<Row[]>
  /** Another server on the same rows. */
  openNode(): Promise<Database>
  /** Runs SQL past every server, as somebody with access to the database can. */
  tamper(sql: string): Promise<void>
}

const TABLES = [
  'access_role',
  'active_action',
  'antivirus_info',
  'attachment',
  'attachment_piece',
  'alert',
  'alert_place',
  'application',
  'application_certificate',
  'application_permission',
  'application_secret',
  'application_sign_in',
  'audit_entry',
  'audit_head',
  'call_count',
  'client_assertion',
  'detection',
  'device_group',
  'device_group_access',
  'device_group_sequence',
  'enrollment_token',
  'enrollment_use',
  'idempotency_key',
  'incident_sequence',
  'machine',
  'machine_action',
  'machine_address',
  'machine_task',
  'open_alert',
  'password_link',
  'quarantined_file',
  'role_assignment',
  'role_permission',
  'scan',
  'scan_policy',
  'sign_in_artifact',
  'sign_in_throttle',
  'signing_key',
  'user_account',
  'user_credential',
  'user_group',
  'user_group_member',
  'webhook',
  'webhook_delivery',
  'webhook_event',
]

/** One database for all tests of a suite; each test works in tenants of its own. */
export function useTestbed(open: OpenBackend): Testbed {
  const clock = new MovableClock()
  let opened: { backend: Backend; db: Database; stores: Stores } | undefined
  let strangers: { tenant: TenantId; before: unknown }[] = []

  const get = () => {
    if (!opened) throw new Error('The testbed is there inside of tests only.')
    return opened
  }
  beforeAll(async () => {
    const backend = await open()
    const db = await backend.openNode(serverSchema, clock)
    opened = { backend, db, stores: sqlStores(db, randomUUID) }
  })
  afterEach(async () => {
    const watched = strangers
    strangers = []
    for (const { tenant, before } of watched) expect(await dumpTenant(get().db, tenant)).toEqual(before)
  })
  afterAll(async () => {
    await opened?.db[Symbol.asyncDispose]()
    await opened?.backend[Symbol.asyncDispose]()
  })

  return {
    clock,
    rows: (table, tenant) => readRows(get().db, table, tenant),
    get db() {
      return get().db
    },
    get stores() {
      return get().stores
    },
    tamper: (sql) => get().backend.tamper(sql),
    openNode: () => get().backend.openNode(serverSchema, clock),
    async twoTenants() {
      const [tenant, stranger] = [randomUUID() as TenantId, randomUUID() as TenantId]
      const [ours, theirs] = [get().stores.forTenant(tenant), get().stores.forTenant(stranger)]
      await enrollMachines(ours)
      await enrollMachines(theirs)
      await theirs.machineActions.requestScan(newScan(1, 1, { timeOutMs: TEN_YEARS_MS }))
      await theirs.machineActions.requestScan(newScan(2, 2))
      await theirs.scans.takeEvent({ ...told(2, 2, 1, accepted), silenceMs: TEN_YEARS_MS })
      await theirs.machineTasks.request(newTask(3, 1, { timeOutMs: TEN_YEARS_MS }))
      await fillAccess(theirs)
      await theirs.webhooks.create(newWebhook(1), auditEntry())
      strangers.push({ tenant: stranger, before: await dumpTenant(get().db, stranger) })
      return { tenant, ours, theirs }
    },
  }
}

/** All rows of a tenant in every table, for comparing. */
export async function dumpTenant(db: Database, tenant: TenantId): Promise<Record<string, Row[]>> {
  const dump: Record<string, Row[]> = {}
  for (const table of TABLES) {
    const rows = await readRows(db, table, tenant)
    dump[table] = rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  return dump
}

function readRows(db: Database, table: string, tenant: TenantId): Promise<Row[]> {
  return db.read({ compile: () => CompiledQuery.raw(`SELECT * FROM ${table} WHERE tenant = '${tenant}'`) })
}

/** Token id under which the testbed's machines came in. */
export const MACHINES_TOKEN = 0xff

async function enrollMachines({ enrollment: store }: TenantStores): Promise<void> {
  await store.createToken(newToken(MACHINES_TOKEN, { maxUses: MACHINES.length }))
  await Promise.all(MACHINES.map((n) => store.enroll(enrollment(MACHINES_TOKEN, `key-${n}`, n))))
}

async function fillAccess({ users, userGroups, roles, deviceGroups }: TenantStores): Promise<void> {
  await userGroups.create(newUserGroup(1), auditEntry())
  await users.create(newUser(1, [1]), auditEntry())
  await roles.create(newRole(1, [1]), auditEntry())
  const given = { userGroups: [userGroupId(1)] }
  await deviceGroups.create(newDeviceGroup('First', rule('name', 'startsWith', 'lab-1'), given), auditEntry())
}
