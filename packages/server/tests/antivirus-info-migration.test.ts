import { randomUUID } from 'node:crypto'
import type { TenantId } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { migrations } from '../src/migrations/index.ts'
import { ALL_MACHINES } from '../src/principal/index.ts'
import { sqlStores } from '../src/stores.ts'
import { openPostgresBackend, openSqliteBackend } from './stores/backends.ts'
import { inventory, machineId } from './stores/builders.ts'
import { serverSchema } from './stores/testbed.ts'

const FIRST_WITH_ANTIVIRUS_INFO = 10

describe.each([
  ['SQLite', openSqliteBackend],
  ['PostgreSQL', openPostgresBackend],
] as const)('antivirus info on %s, where machines were enrolled before it was kept', (_, open) => {
  it('tells of their engines and last scans', async () => {
    await using backend = await open()
    const clock = new MovableClock()
    const before = migrations.filter(({ id }) => id < FIRST_WITH_ANTIVIRUS_INFO)
    await (await backend.openNode({ ...serverSchema, migrations: before }, clock))[Symbol.asyncDispose]()

    const tenant = randomUUID() as TenantId
    const past: string[] = []
    const signatures = {
      official: true,
      version: '27500',
      builtAt: null,
      count: 1,
      identity: 'a'.repeat(64),
    }
    for (const [n, engine] of [
      [1, { ...inventory(1).engine, signatures }],
      [2, inventory(2).engine],
    ] as const) {
      past.push(`INSERT INTO machine (tenant, id, public_key, os_identity, computer_dns_name,
        computer_dns_name_lower, os_kind, os_platform, version, os_architecture, os_processor, agent_version, engine,
        ip_addresses, tags, is_potential_duplication, first_seen, last_seen) VALUES ('${tenant}', '${machineId(n)}',
        'key-${n}', '', 'Lab', 'lab', 'linux', 'Debian', 'Other', '64-bit', 'x64', '0.1.0',
        '${JSON.stringify(engine)}', '[]', '[]', 0, 5, ${n})`)
    }
    for (const [id, scope, status, hresult, accepted, at] of [
      ['a', 'Quick', 'Failed', -2147467259, 1, 10],
      ['b', 'Quick', 'Succeeded', 0, 11, 20],
      ['c', 'Quick', 'TimeOut', -2145844840, null, 30],
      ['d', 'Full', 'Cancelled', -2147467260, 31, 40],
    ] as const) {
      past.push(`INSERT INTO machine_action (tenant, id, type, machine, computer_dns_name,
        computer_dns_name_lower, requestor, requestor_lower, requestor_comment, status, scope, request_source, created_at,
        updated_at, error_hresult, expires_at) VALUES ('${tenant}', '${id}', 'RunAntiVirusScan', '${machineId(1)}', '', '',
        '', '', '', '${status}', '${scope}', 'PublicApi', 0, ${at}, ${hresult}, 0)`)
      past.push(`INSERT INTO scan (tenant, action, machine, attempts, last_event, accepted_at, reported_late,
        absences) VALUES ('${tenant}', '${id}', '${machineId(1)}', 1, 1, ${accepted ?? 'NULL'}, 0, 0)`)
    }

    await backend.tamper(past.join(';'))
    await using db = await backend.openNode(serverSchema, clock)
    const { antivirusInfo } = sqlStores(db, randomUUID).forTenant(tenant)
    const query = { orderBy: [], skip: 0, pageSize: 10 }
    const { rows } = await antivirusInfo.list(query, ALL_MACHINES, clock.now())
    const none = { result: '', error: '', endedAt: null }
    expect(rows).toMatchObject([
      {
        machineId: machineId(2),
        engine: { state: 'ready', version: '1.4.6', signatures: null },
        quickScan: none,
        fullScan: none,
        refreshedAt: 2,
      },
      {
        machineId: machineId(1),
        engine: {
          signatures: { identity: 'a'.repeat(64), version: '27500', isOfficial: true, builtAt: null },
        },
        signaturesChangedAt: null,
        quickScan: { result: 'Completed', error: '', endedAt: 20 },
        fullScan: { result: 'Canceled', error: '0x80004004', endedAt: 40 },
        refreshedAt: 1,
      },
    ])
  })
})
