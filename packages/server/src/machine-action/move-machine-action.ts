import { canMove, type Instant, isFinal, type MachineActionStatus, type TenantId } from '@fleetsweep/protocol'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
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
  const query = tables<MachineActionTables>(context.dialect)
    .selectFrom('machine_action')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('id', '=', id)
  const [row] = yield* run<MachineActionRow>(context.dialect === 'postgres' ? query.forUpdate() : query)
  return row && toMachineAction(row)
}

/**
 * Moves an action to another status and, when that ends it, frees its machine for the next one.
 *
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
): WriteSteps<StoredMachineAction> {
  if (!canMove(action.status, change.status)) {
    throw new Error(`A machine action cannot move from ${action.status} to ${change.status}.`)
  }
  const moved: StoredMachineAction = { ...action, ...change, updatedAt: context.at }
  const { tenant: _, id, ...columns } = toMachineActionRow(tenant, moved)
  const db = tables<MachineActionTables>(context.dialect)
  yield* run(db.updateTable('machine_action').set(columns).where('tenant', '=', tenant).where('id', '=', id))
  if (isFinal(change.status)) {
    yield* run(
      db
        .deleteFrom('active_action')
        .where('tenant', '=', tenant)
        .where('machine', '=', action.machineId)
        .where('type', '=', action.type)
        .where('action', '=', id),
    )
  }
  return moved
}

/** Puts off the time-out of an action that was heard of. */
export function* postponeTimeOut(
  tenant: TenantId,
  action: StoredMachineAction,
  expiresAt: Instant,
  context: WriteContext,
): WriteSteps<void> {
  yield* run(
    tables<MachineActionTables>(context.dialect)
      .updateTable('machine_action')
      .set({ expires_at: expiresAt })
      .where('tenant', '=', tenant)
      .where('id', '=', action.id),
  )
}
