// Which index SQLite takes for what clients ask. It plans alike whatever is in the tables, so empty ones tell.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type DeviceGroupId, type Instant, parseListQuery, type TenantId } from '@fleetsweep/protocol'
import type { CompiledQuery } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sqlAlertStore } from '../src/alert/alert-store-sql.ts'
import type { Database } from '../src/kit/db/database.ts'
import { migrateSqlite } from '../src/kit/db/migration.ts'
import { sqlMachineStore } from '../src/machine/machine-store-sql.ts'
import { sqlMachineActionStore } from '../src/machine-action/machine-action-store-sql.ts'
import { migrations } from '../src/migrations/index.ts'
import { ALL_MACHINES, type Reach } from '../src/principal/index.ts'

const tenant = '11111111-1111-4111-8111-111111111111' as TenantId
const now = 1_795_000_000_000_000 as Instant
const MACHINE = "'1e5bc9d7e413ddd7902c2932e418702b84d0cc07'"
const GUID = '2e9da30d-27f6-4208-81f2-9cd3d67893ba'

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-plans-'))
  let file: DatabaseSync

  beforeAll(() => {
    migrateSqlite(join(folder, 'fleetsweep.db'), 'OFF', migrations)
    file = new DatabaseSync(join(folder, 'fleetsweep.db'))
  })
  afterAll(() => {
    file.close()
    rmSync(folder, { recursive: true })
  })

  /** What it does, step by step, for each query that a page of a list takes. */
  async function planOf(list: 'machines' | 'machineactions' | 'alerts', search: string, reach: Reach) {
    const queries: CompiledQuery[] = []
    const db: Database = {
      dialect: 'sqlite',
      async read(query) {
        queries.push(query.compile())
        return []
      },
      write: () => Promise.reject(new Error('Nothing is written here.')),
      apply: () => Promise.reject(new Error('Nothing is written here.')),
      async [Symbol.asyncDispose]() {},
    }
    const query = { ...parseListQuery(new URLSearchParams(search)), top: 100, pageSize: 10_000 }
    if (list === 'machines') await sqlMachineStore(db, tenant).list(query, reach, now)
    else if (list === 'alerts') await sqlAlertStore(db, tenant).list(query, reach)
    else await sqlMachineActionStore(db, tenant).list(query, reach)
    return queries.flatMap(({ sql, parameters }) =>
      file
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...(parameters as (string | number | null)[]))
        .map(({ detail }) => String(detail)),
    )
  }

  it.each([
    ['machines', '', 'machine_by_last_seen'],
    ['machines', '$skip=90000', 'COVERING INDEX machine_by_last_seen'],
    ['machines', `$filter=id eq ${MACHINE}`, 'sqlite_autoindex_machine_1'],
    ['machines', "$filter=computerDnsName eq 'a'", 'machine_by_name'],
    ['machines', "$filter=startswith(computerDnsName,'lab')&$orderby=computerDnsName", 'machine_by_name'],
    ['machines', '$orderby=computerDnsName desc', 'machine_by_name'],
    ['machines', '$orderby=computerDnsName&$skip=90000', 'COVERING INDEX machine_by_name'],
    ['machines', "$filter=healthStatus eq 'Inactive'", 'machine_by_last_seen (tenant=? AND last_seen<?)'],
    ['machines', '$filter=lastSeen gt 2026-11-01', 'machine_by_last_seen (tenant=? AND last_seen>?)'],
    ['machines', `$filter=aadDeviceId eq ${GUID}`, 'machine_by_aad_device'],
    ['machines', "$filter=lastIpAddress eq '10.0.0.1'", 'machine_by_ip'],
    ['machines', "$filter=osPlatform eq 'BeOS'", 'machine_by_platform'],
    ['machines', "$filter=riskScore eq 'High'", 'machine_by_risk'],
    ['machines', '$filter=rbacGroupId eq 3', 'machine_by_device_group'],
    ['machineactions', '', 'machine_action_by_creation'],
    ['machineactions', '$skip=900000', 'COVERING INDEX machine_action_by_creation'],
    ['machineactions', "$filter=status eq 'Pending'", 'machine_action_by_status'],
    [
      'machineactions',
      "$filter=type eq 'RunAntiVirusScan' and status eq 'Pending'",
      'machine_action_by_status',
    ],
    ['machineactions', `$filter=machineId eq ${MACHINE}`, 'machine_action_by_machine'],
    ['machineactions', `$filter=id in (${GUID},${GUID})`, 'sqlite_autoindex_machine_action_1'],
    ['machineactions', "$filter=requestor eq 'x'", 'machine_action_by_requestor'],
    ['machineactions', "$filter=externalId eq 'x'", 'machine_action_by_external_id'],
    ['machineactions', "$filter=computerDnsName eq 'x'", 'machine_action_by_name'],
    [
      'machineactions',
      '$filter=lastUpdateDateTimeUtc gt 2026-11-01&$orderby=lastUpdateDateTimeUtc asc&$skip=500000',
      'COVERING INDEX machine_action_by_update (tenant=? AND updated_at>?)',
    ],
    ['alerts', '', 'alert_by_creation'],
    ['alerts', `$filter=id in ('a','b')`, 'sqlite_autoindex_alert_1'],
    ['alerts', "$filter=status eq 'New'", 'alert_by_status'],
    ['alerts', `$filter=machineId eq ${MACHINE}`, 'alert_by_machine'],
  ] as const)('finds a page of %s?%s by its index', async (list, search, index) => {
    expect((await planOf(list, search, ALL_MACHINES)).join('\n')).toContain(index)
  })

  it('begins with the machines of whoever reaches few', async () => {
    const plan = await planOf('machineactions', '', {
      kind: 'deviceGroups',
      ids: [3 as DeviceGroupId],
    })
    expect(plan.join('\n')).not.toContain('machine_action_by_creation')
  })

  it('has statistics of every index of those tables, and of no other', () => {
    const tables = "tbl_name IN ('machine', 'machine_action', 'alert')"
    const indexes = file.prepare(`SELECT name FROM sqlite_master WHERE type = 'index' AND ${tables}`).all()
    const known = file.prepare('SELECT idx FROM sqlite_stat1 WHERE idx IS NOT NULL').all()
    expect(known.map(({ idx }) => idx).sort()).toEqual(indexes.map(({ name }) => name).sort())
  })
})
