import type { TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { type Dialect, tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { AuditEntry } from './audit-entry.ts'

export type AuditTables = {
  audit_entry: {
    tenant: string
    id: string
    at: number
    principal_kind: string
    principal_id: string
    principal_name: string
    operation: string
    target: string
    detail: string
    position: number | null
    hash: string | null
  }
}

/** Adds an audit entry to the transaction that makes the change; the sealer chains it later. */
export function* writeAudit(tenant: TenantId, entry: AuditEntry, context: WriteContext): WriteSteps<void> {
  yield* run(insertEntry(context.dialect, auditRow(tenant, entry, context)))
}

/** Rows of one insert: the values of one stay far below what either database takes. */
const WRITTEN_AT_ONCE = 50

/** As `writeAudit`, for many changes of one write. */
export function* writeAuditEntries(
  tenant: TenantId,
  entries: readonly AuditEntry[],
  context: WriteContext,
): WriteSteps<void> {
  const rows = entries.map((entry) => auditRow(tenant, entry, context))
  for (let from = 0; from < rows.length; from += WRITTEN_AT_ONCE) {
    const some = rows.slice(from, from + WRITTEN_AT_ONCE)
    yield* run(auditTables(context.dialect).insertInto('audit_entry').values(some))
  }
}

const insertEntry = prepare((db: Kysely<AuditTables>, entry: AuditTables['audit_entry']) =>
  db.insertInto('audit_entry').values(entry),
)

/** An entry as its row begins: without a place in the chain. */
function auditRow(
  tenant: TenantId,
  { id, principal, operation, target, detail }: AuditEntry,
  { at }: WriteContext,
): AuditTables['audit_entry'] {
  return {
    tenant,
    id,
    at,
    principal_kind: principal.kind,
    principal_id: principal.id,
    principal_name: principal.name,
    operation,
    target,
    detail: JSON.stringify(detail),
    position: null,
    hash: null,
  }
}

export function auditTables(dialect: Dialect) {
  return tables<AuditTables>(dialect)
}
