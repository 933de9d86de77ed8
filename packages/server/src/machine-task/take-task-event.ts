import { addMs, isFinal, type TenantId } from '@fleetsweep/protocol'
import { defineWrite, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { noteQuarantined, noteRestored, noteRestoreFailed } from '../quarantine/index.ts'
import type { StoredMachineTask } from './machine-task.ts'
import type { IncomingTaskEvent, TaskEventTaken } from './machine-task-store.ts'
import { changeTask, endTask, readTaskForUpdate } from './move-machine-task.ts'

type TakeEvent = { kind: 'machineTask.takeEvent'; tenant: TenantId; incoming: IncomingTaskEvent }

export const takeTaskEventWrite = defineWrite<TakeEvent, TaskEventTaken>(
  'machineTask.takeEvent',
  function* ({ tenant, incoming }, context) {
    const { machineId, actionId, number, event, silenceMs } = incoming
    const task = yield* readTaskForUpdate(tenant, actionId, context)
    if (!task || task.machineId !== machineId) return { kind: 'unknown' }
    const ackedEvent = task.lastEvent
    if (number <= ackedEvent) return { kind: 'repeated', ackedEvent }
    if (number > ackedEvent + 1) return { kind: 'gap', ackedEvent }
    const heard = { ...task, lastEvent: number }
    const end = endOf(incoming)
    if (end === undefined) {
      if (isFinal(task.status)) {
        yield* changeTask(tenant, heard, {}, context)
        return { kind: 'stored', moved: null }
      }
      const expiresAt = addMs(context.at, silenceMs)
      const taken = yield* changeTask(tenant, heard, { status: 'InProgress', expiresAt }, context)
      return { kind: 'stored', moved: taken.status === task.status ? null : taken }
    }
    // What the machine did is so, whatever the task said by then.
    yield* noteFile(tenant, task, event, context)
    if (isFinal(task.status)) {
      const { status: _, ...late } = end
      yield* changeTask(tenant, heard, { ...late, reportedLate: true }, context)
      return { kind: 'stored', moved: null }
    }
    return { kind: 'stored', moved: yield* endTask(tenant, heard, end, context) }
  },
)

/** How an event ends its task; `undefined` for a word on the way. */
function endOf({ event }: IncomingTaskEvent): Parameters<typeof endTask>[2] | undefined {
  switch (event.kind) {
    case 'done': {
      const { sentence, quarantineId } = event
      return quarantineId === undefined
        ? { status: 'Succeeded', sentence }
        : { status: 'Succeeded', sentence, quarantineId: quarantineId.toLowerCase() }
    }
    case 'failed':
      return { status: 'Failed', sentence: event.reason }
    case 'stopped':
      return { status: 'Failed', sentence: 'It was stopped on the machine itself.' }
    // Words about scans say of a task only that the machine has it.
    case 'accepted':
    case 'started':
    case 'detection':
    case 'finished':
      return undefined
  }
}

/** Notes what a task did to a file. */
function* noteFile(
  tenant: TenantId,
  { asked, machineId, computerDnsName }: StoredMachineTask,
  event: IncomingTaskEvent['event'],
  context: WriteContext,
): WriteSteps<void> {
  const machine = { machineId, computerDnsName }
  if (asked.verb === 'quarantine' && event.kind === 'done' && event.quarantineId !== undefined) {
    const { verb: _, ...file } = asked
    yield* noteQuarantined(tenant, machine, { ...file, id: event.quarantineId, cause: 'order' }, context)
  }
  if (asked.verb !== 'restore') return
  if (event.kind === 'done') yield* noteRestored(tenant, machine, asked.quarantineId, context)
  if (event.kind === 'failed') {
    yield* noteRestoreFailed(tenant, machine, asked.quarantineId, event.reason, context)
  }
}
