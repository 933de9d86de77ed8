import { addMs, isFinal, type MachineActionId, type TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { StoredMachineTask } from './machine-task.ts'
import { isOpen, type MachineTaskTables } from './machine-task-row.ts'
import { endTask, readTaskForUpdate } from './move-machine-task.ts'

/** A machine may leave a task out once: its heartbeat and our order can cross. Twice means that it lost it. */
const ABSENCES_UNTIL_FAILED = 2

const LOST = 'The machine no longer knows of this task; its agent may have been set up anew.'

/**
 * Part of the write that compares what a machine lists with what is open: a task that it lists.
 *
 * @returns up to which event it is known; `undefined` when it is no task of this machine
 */
export function* noteListedTask(
  tenant: TenantId,
  { machineId, actionId, silenceMs }: { machineId: string; actionId: MachineActionId; silenceMs: number },
  context: WriteContext,
): WriteSteps<number | undefined> {
  const task = yield* readTaskForUpdate(tenant, actionId, context)
  if (!task || task.machineId !== machineId) return undefined
  if (!isFinal(task.status)) {
    const expiresAt = addMs(context.at, silenceMs)
    yield* run(notePresence(context.dialect, { tenant, id: actionId, expiresAt }))
  }
  return task.lastEvent
}

const notePresence = prepare(
  (db: Kysely<MachineTaskTables>, at: { tenant: string; id: string; expiresAt: number }) =>
    db
      .updateTable('machine_task')
      .set({ expires_at: at.expiresAt, absences: 0 })
      .where('tenant', '=', at.tenant)
      .where('id', '=', at.id),
)

/** As `noteListedTask`, of the tasks that the machine had taken and leaves out. @returns those that are lost by that */
export function* failLostTasks(
  tenant: TenantId,
  machineId: string,
  listed: readonly { actionId: string }[],
  context: WriteContext,
): WriteSteps<StoredMachineTask[]> {
  const lost: StoredMachineTask[] = []
  for (const { id, absences } of yield* run(selectTaken(context.dialect, { tenant, machineId }))) {
    if (listed.some(({ actionId }) => actionId === id)) continue
    if (absences + 1 < ABSENCES_UNTIL_FAILED) {
      yield* countAbsence(tenant, id, context)
      continue
    }
    const task = yield* readTaskForUpdate(tenant, id, context)
    if (!task || isFinal(task.status)) continue
    lost.push(yield* endTask(tenant, task, { status: 'Failed', sentence: LOST }, context, SERVER))
  }
  return lost
}

const SERVER = { kind: 'server', id: 'gateway', name: 'reconciliation' } as const

const selectTaken = prepare(
  (db: Kysely<MachineTaskTables>, { tenant, machineId }: { tenant: string; machineId: string }) =>
    db
      .selectFrom('machine_task')
      .select(['id', 'absences'])
      .where('tenant', '=', tenant)
      .where('machine', '=', machineId)
      .where(isOpen)
      .where('status', '=', 'InProgress'),
)

function* countAbsence(tenant: TenantId, id: string, { dialect }: WriteContext): WriteSteps<void> {
  yield* run(
    tables<MachineTaskTables>(dialect)
      .updateTable('machine_task')
      .set((eb) => ({ absences: eb('absences', '+', 1) }))
      .where('tenant', '=', tenant)
      .where('id', '=', id),
  )
}
