import { createHash } from 'node:crypto'
import { canMove, isFinal, type MachineActionStatus, type TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { prepare } from '../kit/db/prepare.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { StoredMachineTask } from './machine-task.ts'
import {
  type MachineTaskRow,
  type MachineTaskTables,
  toMachineTask,
  toMachineTaskRow,
} from './machine-task-row.ts'

/** Reads a task to decide about it; as `readForUpdate` of machine actions. */
export function* readTaskForUpdate(
  tenant: TenantId,
  id: string,
  context: WriteContext,
): WriteSteps<StoredMachineTask | undefined> {
  const [row] = yield* run(selectForUpdate(context.dialect, { tenant, id }))
  return row && toMachineTask(row)
}

const selectForUpdate = prepare(
  (db: Kysely<MachineTaskTables>, { tenant, id }: { tenant: string; id: string }, dialect) => {
    const query = db.selectFrom('machine_task').selectAll().where('tenant', '=', tenant).where('id', '=', id)
    return dialect === 'postgres' ? query.forUpdate() : query
  },
)

/**
 * Writes a task as it stands now, its time of change with it.
 *
 * @throws Error when its status may not move there: the caller decides with `canMove` first
 */
export function* changeTask(
  tenant: TenantId,
  task: StoredMachineTask,
  change: Partial<Omit<StoredMachineTask, 'id' | 'machineId' | 'asked'>>,
  context: WriteContext,
): WriteSteps<StoredMachineTask> {
  const { status = task.status } = change
  if (status !== task.status && !canMove(task.status, status)) {
    throw new Error(`A machine task cannot move from ${task.status} to ${status}.`)
  }
  const changed = { ...task, ...change, updatedAt: context.at }
  yield* run(updateTask(context.dialect, toMachineTaskRow(tenant, changed)))
  return changed
}

const updateTask = prepare((db: Kysely<MachineTaskTables>, row: MachineTaskRow) => {
  const { tenant, id, ...columns } = row
  return db.updateTable('machine_task').set(columns).where('tenant', '=', tenant).where('id', '=', id)
})

/**
 * Ends a task with what is to be said of it, and audits that.
 *
 * @param by whose word it is that ends it; the machine's own when absent
 */
export function* endTask(
  tenant: TenantId,
  task: StoredMachineTask,
  end: { status: MachineActionStatus; sentence: string } & Partial<Pick<StoredMachineTask, 'quarantineId'>>,
  context: WriteContext,
  by?: AuditEntry['principal'],
): WriteSteps<StoredMachineTask> {
  // Whatever a machine says of a task, it has taken it: a lost `accepted` is implied.
  const from = end.status === 'Succeeded' && task.status === 'Pending' ? 'InProgress' : task.status
  const ended = yield* changeTask(tenant, { ...task, status: from }, { ...end, endedAt: context.at }, context)
  yield* writeAudit(tenant, ending(ended, by, context), context)
  return ended
}

/** A task ends once, so its entry needs no chance for its id. */
function ending(
  task: StoredMachineTask,
  by: AuditEntry['principal'] | undefined,
  { at }: WriteContext,
): AuditEntry {
  if (!isFinal(task.status)) throw new Error(`The machine task ${task.id} has not ended.`)
  const { id, machineId, computerDnsName, status, sentence, asked } = task
  return {
    id: createHash('sha256')
      .update(JSON.stringify(['machineTask.end', id, at]))
      .digest('hex')
      .slice(0, 32),
    principal: by ?? { kind: 'machine', id: machineId, name: computerDnsName },
    operation: 'machineTask.end',
    target: id,
    detail: { verb: asked.verb, machineId, status, sentence },
  }
}
