import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { migrateSqlite } from '../../packages/server/src/kit/db/migration.ts'
import { newGuid } from '../../packages/server/src/kit/new-id.ts'
import { migrations } from '../../packages/server/src/migrations/index.ts'

const TENANT = randomUUID()

/** What a create writes, without a server: same tables, indexes and rows, in groups, each on disk before the next. */
export class RawWriter implements Disposable {
  readonly #db: DatabaseSync
  readonly #group: number

  /** @param group rows that share a commit */
  constructor(path: string, group: number) {
    this.#group = group
    migrateSqlite(path, 'FULL', migrations)
    this.#db = new DatabaseSync(path)
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    this.#db.exec('PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32768')
  }

  /** @returns seconds */
  write(creates: number): number {
    const rows = Array.from({ length: creates }, (_, n) => createdRows(n))
    const inserts = Object.entries(createdRows(0)).map(([table, row]) => {
      const columns = Object.keys(row)
      const values = columns.map(() => '?').join(', ')
      return {
        table,
        statement: this.#db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values})`),
      }
    })
    const begin = performance.now()
    for (let from = 0; from < creates; from += this.#group) {
      this.#db.exec('BEGIN IMMEDIATE')
      for (const created of rows.slice(from, from + this.#group)) {
        for (const { table, statement } of inserts) statement.run(...Object.values(created[table] ?? {}))
      }
      this.#db.exec('COMMIT')
    }
    return (performance.now() - begin) / 1_000
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}

function createdRows(n: number): Record<string, Record<string, string | number | null>> {
  const id = newGuid()
  const machine = randomUUID().replaceAll('-', '').padEnd(40, '0')
  const now = Date.now() * 1_000 + n
  return {
    active_action: { tenant: TENANT, machine, type: 'RunAntiVirusScan', action: id },
    machine_action: {
      tenant: TENANT,
      id,
      type: 'RunAntiVirusScan',
      machine,
      computer_dns_name: `lab-${n}.example`,
      computer_dns_name_lower: `lab-${n}.example`,
      requestor: 'SOC automation',
      requestor_lower: 'soc automation',
      requestor_comment: `Check machine due to alert ${n}`,
      status: 'Pending',
      scope: 'Quick',
      external_id: null,
      request_source: 'PublicApi',
      created_at: now,
      updated_at: now,
      cancellation_requestor: null,
      cancellation_comment: null,
      cancelled_at: null,
      error_hresult: 0,
      troubleshoot_info: null,
      expires_at: now + 259_200_000_000,
    },
    scan: {
      tenant: TENANT,
      action: id,
      machine,
      attempts: 0,
      last_event: 0,
      accepted_at: null,
      started_at: null,
      ended_at: null,
      progress: null,
      report: null,
      reported_late: 0,
      absences: 0,
      stop_ordered_at: null,
      stop_proven_at: null,
      stop_proof: null,
      stopped_within_ms: null,
    },
    audit_entry: {
      tenant: TENANT,
      id: newGuid(),
      at: now,
      principal_kind: 'application',
      principal_id: TENANT,
      principal_name: 'SOC automation',
      operation: 'machineAction.create',
      target: id,
      detail: JSON.stringify({
        machineId: machine,
        scanType: 'Quick',
        comment: `Check machine due to alert ${n}`,
      }),
      position: null,
      hash: null,
    },
  }
}
