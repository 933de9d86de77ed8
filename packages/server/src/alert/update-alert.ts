import {
  ALERT_SEVERITIES,
  type AlertChange,
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
    const columns = changedColumns(row, change)
    const comment = { comment: change.comment ?? '', createdBy: by, createdTime: formatInstant(context.at) }
    yield* run(
      tables<AlertTables>(context.dialect)
        .updateTable('alert')
        .set({
          ...columns,
          updated_at: context.at,
          ...(moves === 'resolves' ? { resolved_at: context.at } : {}),
          ...(moves === 'reopens' ? { resolved_at: null } : {}),
          ...(change.comment === undefined ? {} : { comments: JSON.stringify([...comments, comment]) }),
        })
        .where('tenant', '=', tenant)
        .where('id', '=', id),
    )
    if (moves === 'resolves') yield* releaseOpen(tenant, row.open_key, id, context)
    if (moves !== 'stays') yield* assessMachine(tenant, row.machine as MachineId, context)
    yield* writeAudit(tenant, withChange(audit, row, change), context)
    return { kind: 'updated' }
  },
)

function movesOf(row: AlertRow, { status = row.status as AlertChange['status'] }: AlertChange) {
  if ((status === 'Resolved') === (row.status === 'Resolved')) return 'stays'
  return status === 'Resolved' ? 'resolves' : 'reopens'
}

function changedColumns(row: AlertRow, change: AlertChange) {
  const assigned_to = change.assignedTo === undefined ? row.assigned_to : change.assignedTo
  return {
    status: change.status ?? row.status,
    assigned_to,
    assigned_to_lower: assigned_to?.toLowerCase() ?? null,
    classification: change.classification === undefined ? row.classification : change.classification,
    determination: change.determination === undefined ? row.determination : change.determination,
  } satisfies Partial<AlertRow>
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
