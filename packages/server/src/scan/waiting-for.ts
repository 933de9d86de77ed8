import { formatInstant, type Instant, isFinal, type MachineActionId, msBetween } from '@fleetsweep/protocol'
import type { StoredMachine } from '../machine/index.ts'
import type { StoredMachineAction } from '../machine-action/index.ts'
import type { ScanRecord } from './scan-record.ts'
import type { OwedOrder } from './scan-store.ts'

/** A heartbeat is due every minute; two that did not come, and the time until they are written, mean silence. */
const SILENT_AFTER_MS = 180_000

export type Waiting = {
  action: StoredMachineAction
  scan: ScanRecord | undefined
  machine: Pick<StoredMachine, 'lastSeen' | 'ordersHeldBecause'> | undefined
  /** Everything that the machine is owed, stops of other scans among it. */
  owed: readonly OwedOrder[]
  now: Instant
}

/**
 * Why nothing moves, in one sentence; null while something does or the action has ended.
 *
 * | action     | machine           | says                                    |
 * |------------|-------------------|-----------------------------------------|
 * | Pending    | orders held back  | why they are                            |
 * | either     | silent            | since when                              |
 * | either     | owes another stop | which scan is stopping                  |
 * | InProgress | waits or pauses   | what the machine says of it             |
 */
export function waitingFor({ action, scan, machine, owed, now }: Waiting): string | null {
  if (isFinal(action.status)) return null
  const pending = action.status === 'Pending'
  if (pending && machine !== undefined && machine.ordersHeldBecause !== null) {
    return `Orders to this machine are held back: ${machine.ordersHeldBecause}`
  }
  if (machine && msBetween(machine.lastSeen, now) > SILENT_AFTER_MS) {
    const since = formatInstant(machine.lastSeen)
    return pending
      ? `The machine has been offline since ${since}; it gets the scan when it connects.`
      : `The machine has been offline since ${since}; it tells how the scan stands when it connects.`
  }
  const stopping = stopOfAnother(action.id, owed)
  const begun = scan !== undefined && scan.startedAt !== null
  if (stopping !== undefined && !begun) {
    return `The engine of another scan (${stopping}) is still stopping.`
  }
  const progress = scan?.progress
  if (!pending && (progress?.phase === 'waiting' || progress?.phase === 'paused')) {
    return (
      progress.because ?? 'The machine has the scan and has not begun yet: its engine is busy or not ready.'
    )
  }
  return null
}

function stopOfAnother(own: MachineActionId, owed: readonly OwedOrder[]): MachineActionId | undefined {
  return owed.find(({ verb, actionId }) => verb === 'stop' && actionId !== own)?.actionId
}
