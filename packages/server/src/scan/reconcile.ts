import { isFinal, type MachineActionId, type TenantId } from '@fleetsweep/protocol'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { postponeTimeOut, readForUpdate, type StoredMachineAction } from '../machine-action/index.ts'
import { failLostTasks, noteListedTask } from '../machine-task/index.ts'
import type { ScanTables } from './scan-row.ts'
import type { Reconciled, Reconciliation } from './scan-store.ts'
import { type AllowedSilence, silentUntil } from './silence.ts'
import { fail } from './take-event.ts'

/** A machine may leave an action out once: its heartbeat and our order can cross. Twice means that it lost it. */
const ABSENCES_UNTIL_FAILED = 2

type Reconcile = { kind: 'scan.reconcile'; tenant: TenantId; reconciliation: Reconciliation }

export const reconcileWrite = defineWrite<Reconcile, Reconciled>(
  'scan.reconcile',
  function* ({ tenant, reconciliation }, context) {
    const { machineId, listed, ...silence } = reconciliation
    const verdicts: Reconciled['verdicts'] = []
    for (const { actionId } of listed) {
      verdicts.push(yield* judge(tenant, machineId, actionId, silence, context))
    }
    const failed: Reconciled['failed'] = []
    for (const id of yield* openActions(tenant, machineId, context)) {
      if (listed.some(({ actionId }) => actionId === id)) continue
      const lost = yield* countAbsence(tenant, id, context)
      if (lost) failed.push(lost)
    }
    const lostTasks = yield* failLostTasks(tenant, machineId, listed, context)
    return { verdicts, failed: [...failed, ...lostTasks] }
  },
)

function* judge(
  tenant: TenantId,
  machineId: string,
  actionId: MachineActionId,
  silence: AllowedSilence,
  context: WriteContext,
): WriteSteps<Reconciled['verdicts'][number]> {
  const action = yield* readForUpdate(tenant, actionId, context)
  if (!action) {
    const taskEvent = yield* noteListedTask(tenant, { machineId, actionId, ...silence }, context)
    if (taskEvent !== undefined) return { actionId, ackedEvent: taskEvent, verdict: 'continue' }
  }
  if (!action || action.machineId !== machineId) return { actionId, ackedEvent: 0, verdict: 'forget' }
  const db = tables<ScanTables>(context.dialect)
  const [scan] = yield* run(
    db
      .selectFrom('scan')
      .select(['last_event', 'absences', 'stop_ordered_at', 'stop_proven_at', 'checkpoint_at'])
      .where('tenant', '=', tenant)
      .where('action', '=', actionId),
  )
  if (scan && scan.absences > 0) {
    yield* run(
      db.updateTable('scan').set({ absences: 0 }).where('tenant', '=', tenant).where('action', '=', actionId),
    )
  }
  if (!isFinal(action.status)) {
    const until = silentUntil(context.at, silence, scan?.checkpoint_at != null)
    yield* postponeTimeOut(tenant, action, until, context)
  }
  const owesStop = scan !== undefined && scan.stop_ordered_at !== null && scan.stop_proven_at === null
  return { actionId, ackedEvent: scan?.last_event ?? 0, verdict: owesStop ? 'stop' : 'continue' }
}

function* openActions(tenant: TenantId, machineId: string, context: WriteContext): WriteSteps<string[]> {
  const rows = yield* run(
    tables<{
      active_action: { tenant: string; machine: string; type: string; action: string }
      machine_action: { tenant: string; id: string; status: string }
    }>(context.dialect)
      .selectFrom('active_action')
      .innerJoin('machine_action', (join) =>
        join
          .onRef('machine_action.tenant', '=', 'active_action.tenant')
          .onRef('machine_action.id', '=', 'active_action.action'),
      )
      .select('active_action.action')
      .where('active_action.tenant', '=', tenant)
      .where('active_action.machine', '=', machineId)
      .where('machine_action.status', '=', 'InProgress'),
  )
  return rows.map(({ action }) => action)
}

function* countAbsence(
  tenant: TenantId,
  id: string,
  context: WriteContext,
): WriteSteps<StoredMachineAction | null> {
  const db = tables<ScanTables>(context.dialect)
  const [scan] = yield* run(
    db
      .updateTable('scan')
      .set((eb) => ({ absences: eb('absences', '+', 1) }))
      .where('tenant', '=', tenant)
      .where('action', '=', id)
      .returning('absences'),
  )
  if (!scan || scan.absences < ABSENCES_UNTIL_FAILED) return null
  const action = yield* readForUpdate(tenant, id, context)
  if (!action || isFinal(action.status)) return null
  return yield* fail(
    tenant,
    action,
    'The machine no longer knows of this scan; its agent may have been set up anew.',
    context,
  )
}
