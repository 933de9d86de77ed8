import {
  type Conclusion,
  canMove,
  formatInstant,
  type Instant,
  isFinal,
  type MachineActionEnded,
  type MachineActionStatus,
  type TenantId,
} from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { noteScanEnd } from '../antivirus-info/index.ts'
import { prepare } from '../kit/db/prepare.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { tellWebhooks } from '../webhook/index.ts'
import type { StoredMachineAction } from './machine-action.ts'
import {
  type MachineActionRow,
  type MachineActionTables,
  toMachineAction,
  toMachineActionRow,
} from './machine-action-row.ts'

/**
 * Reads an action to decide about it. On PostgreSQL its row stays locked until the commit, so that two nodes cannot
 * both decide on what they saw.
 */
export function* readForUpdate(
  tenant: TenantId,
  id: string,
  context: WriteContext,
): WriteSteps<StoredMachineAction | undefined> {
  const [row] = yield* run(selectForUpdate(context.dialect, { tenant, id }))
  return row && toMachineAction(row)
}

const selectForUpdate = prepare(
  (db: Kysely<MachineActionTables>, { tenant, id }: { tenant: string; id: string }, dialect) => {
    const query = db
      .selectFrom('machine_action')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('id', '=', id)
    return dialect === 'postgres' ? query.forUpdate() : query
  },
)

/**
 * Moves an action to another status and, when that ends it, frees its machine for the next one and tells webhooks.
 *
 * @param conclusion what may be said of the scan, where it succeeded
 * @returns the action as it stands now
 * @throws Error when the status may not move there: the caller decides with `canMove` first
 */
export function* moveMachineAction(
  tenant: TenantId,
  action: StoredMachineAction,
  change: { status: MachineActionStatus } & Partial<
    Pick<StoredMachineAction, 'errorHResult' | 'troubleshootInfo' | 'cancellation' | 'expiresAt'>
  >,
  context: WriteContext,
  conclusion: Conclusion | null = null,
): WriteSteps<StoredMachineAction> {
  if (!canMove(action.status, change.status)) {
    throw new Error(`A machine action cannot move from ${action.status} to ${change.status}.`)
  }
  const moved: StoredMachineAction = { ...action, ...change, updatedAt: context.at }
  yield* run(updateAction(context.dialect, toMachineActionRow(tenant, moved)))
  if (isFinal(change.status)) {
    const { id, machineId: machine, type } = action
    yield* run(deleteClaim(context.dialect, { tenant, machine, type, action: id }))
    // One that its machine never took is no scan of that machine.
    if (action.status === 'InProgress') yield* noteScanEnd(tenant, moved, context)
    const data = whatEnded(moved, conclusion)
    yield* tellWebhooks(tenant, { event: 'machineAction.ended', subject: id, data }, context)
  }
  return moved
}

const updateAction = prepare((db: Kysely<MachineActionTables>, row: MachineActionRow) => {
  const { tenant, id, ...columns } = row
  return db.updateTable('machine_action').set(columns).where('tenant', '=', tenant).where('id', '=', id)
})

const deleteClaim = prepare((db: Kysely<MachineActionTables>, claim: MachineActionTables['active_action']) =>
  db
    .deleteFrom('active_action')
    .where('tenant', '=', claim.tenant)
    .where('machine', '=', claim.machine)
    .where('type', '=', claim.type)
    .where('action', '=', claim.action),
)

function whatEnded(action: StoredMachineAction, conclusion: Conclusion | null): MachineActionEnded {
  const { id, type, status, scanType, machineId, computerDnsName, requestor, externalId } = action
  return {
    actionId: id,
    type,
    status,
    scanType,
    machineId,
    computerDnsName,
    requestor,
    externalId,
    requestedAt: formatInstant(action.createdAt),
    endedAt: formatInstant(action.updatedAt),
    conclusion,
    troubleshootInfo: action.troubleshootInfo,
  }
}

/** Puts off the time-out of an action that was heard of. */
export function* postponeTimeOut(
  tenant: TenantId,
  action: StoredMachineAction,
  expiresAt: Instant,
  context: WriteContext,
): WriteSteps<void> {
  yield* run(updateExpiry(context.dialect, { tenant, id: action.id, expiresAt }))
}

const updateExpiry = prepare(
  (db: Kysely<MachineActionTables>, at: { tenant: string; id: string; expiresAt: number }) =>
    db
      .updateTable('machine_action')
      .set({ expires_at: at.expiresAt })
      .where('tenant', '=', at.tenant)
      .where('id', '=', at.id),
)
