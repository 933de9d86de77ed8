import {
  ALERT_SEVERITIES,
  type AlertChange,
  type AlertComment,
  type AlertId,
  formatInstant,
  type MachineId,
  type TenantId,
} from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { type RiskScore, reassessRisk } from '../machine/index.ts'
import { MAX_COMMENTS } from './alert.ts'
import { type AlertRow, type AlertTables, readComments } from './alert-row.ts'
import type { AlertUpdate, AlertUpdated } from './alert-store.ts'
import { alertForUpdate, claimOpen, openAlertOf, releaseOpen } from './open-alert.ts'

type UpdateAlert = { kind: 'alert.update'; tenant: TenantId; update: AlertUpdate }

export const updateAlertWrite = defineWrite<UpdateAlert, AlertUpdated>(
  'alert.update',
  function* ({ tenant, update }, context) {
    const { id, change, by, audit } = update
    const row = yield* alertForUpdate(tenant, id, context)
    if (!row) return { kind: 'unknown' }
    const comments = readComments(row)
    if (change.comment !== undefined && comments.length >= MAX_COMMENTS) return { kind: 'tooManyComments' }
    const moves = movesOf(row, change)
    if (moves === 'reopens' && !(yield* claimOpen(tenant, row.open_key, id, context))) {
      const other = yield* openAlertOf(tenant, row.open_key, context)
      return { kind: 'otherIsOpen', other: (other?.id ?? null) as AlertId | null }
    }
    const columns = changedColumns(row, change, context)
    const said = change.comment === undefined ? [] : [newComment(change.comment, by, context)]
    yield* run(
      tables<AlertTables>(context.dialect)
        .updateTable('alert')
        .set({ ...columns, comments: JSON.stringify([...comments, ...said]) })
        .where('tenant', '=', tenant)
        .where('id', '=', id),
    )
    if (moves === 'resolves') yield* releaseOpen(tenant, row.open_key, id, context)
    if (moves !== 'stays') yield* assessMachine(tenant, row.machine as MachineId, context)
    yield* writeAudit(tenant, withChange(audit, row, change), context)
    return { kind: 'updated' }
  },
)

function movesOf(row: AlertRow, { status }: AlertChange): 'resolves' | 'reopens' | 'stays' {
  const wasResolved = row.status === 'Resolved'
  if (status === undefined || (status === 'Resolved') === wasResolved) return 'stays'
  return wasResolved ? 'reopens' : 'resolves'
}

function changedColumns(row: AlertRow, change: AlertChange, { at }: WriteContext) {
  const {
    status = row.status,
    assignedTo = row.assigned_to,
    classification = row.classification,
    determination = row.determination,
  } = change
  return {
    status,
    assigned_to: assignedTo,
    assigned_to_lower: assignedTo?.toLowerCase() ?? null,
    classification,
    determination,
    updated_at: at,
    resolved_at: status === 'Resolved' ? (row.resolved_at ?? at) : null,
  } satisfies Partial<AlertRow>
}

function newComment(comment: string, createdBy: string, { at }: WriteContext): AlertComment {
  return { comment, createdBy, createdTime: formatInstant(at) }
}

function* assessMachine(tenant: TenantId, machine: MachineId, context: WriteContext): WriteSteps<void> {
  const highest = function* (): WriteSteps<RiskScore> {
    const rows = yield* run(
      tables<AlertTables>(context.dialect)
        .selectFrom('alert')
        .select('severity')
        .distinct()
        .where('tenant', '=', tenant)
        .where('machine', '=', machine)
        .where('status', '<>', 'Resolved'),
    )
    return ALERT_SEVERITIES.findLast((one) => rows.some(({ severity }) => severity === one)) ?? 'None'
  }
  yield* reassessRisk(tenant, machine, highest, context)
}

/** Each change with what stood there before it. */
function withChange(audit: AuditEntry, row: AlertRow, change: AlertChange): AuditEntry {
  const { status, assignedTo, classification, determination, comment } = change
  return {
    ...audit,
    detail: {
      machineId: row.machine,
      ...(status === undefined ? {} : { status, statusBefore: row.status }),
      ...(assignedTo === undefined ? {} : { assignedTo, assignedToBefore: row.assigned_to }),
      ...(classification === undefined ? {} : { classification, classificationBefore: row.classification }),
      ...(determination === undefined ? {} : { determination, determinationBefore: row.determination }),
      ...(comment === undefined ? {} : { comment }),
    },
  }
}
