import type {
  AgentEvent,
  MachineActionId,
  MachineId,
  ScanProgress,
  ScanSettings,
  ScanType,
} from '@fleetsweep/protocol'
import type { StoredMachineAction } from '../machine-action/index.ts'
import type { ScanRecord } from './scan-record.ts'
import type { AllowedSilence } from './silence.ts'

/** What machines tell of their scans, in one tenant. Every write is on disk when its promise resolves. */
export interface ScanStore {
  /**
   * Takes an event of an action, once. Only the machine that the action is for is listened to.
   *
   * - `stored`: it is on disk; `moved` is the action when its status changed.
   * - `repeated`: it was on disk already.
   * - `gap`: events before it are missing; the machine must send from `ackedEvent + 1`.
   * - `unknown`: no such action for this machine.
   */
  takeEvent(event: IncomingEvent): Promise<EventTaken>

  /**
   * Keeps the newest progress; a word that puts off the time-out. Files that are done make it a scan with a checkpoint.
   * Unknown and ended actions are ignored.
   */
  recordProgress(
    machineId: MachineId,
    actionId: MachineActionId,
    progress: ScanProgress,
    silence: AllowedSilence,
  ): Promise<void>

  /** What the server owes a machine: scans to start and to stop. Oldest first. */
  listOwed(machineId: MachineId): Promise<OwedOrder[]>

  /**
   * What else an order says, right before it goes out: the first time this settles the scan's settings by the policy of
   * its machine's device group; from then on it is the same. Null when the scan is unknown or has ended.
   */
  prepareOrder(actionId: MachineActionId): Promise<PreparedOrder | null>

  /**
   * Compares the open actions and tasks of a machine with what it listed.
   *
   * @returns what the machine shall do with each that it listed, and those that ended as `Failed` because the
   *   machine has now left them out twice
   */
  reconcile(reconciliation: Reconciliation): Promise<Reconciled>

  /** `undefined` when the tenant has no such scan. */
  find(actionId: MachineActionId): Promise<ScanRecord | undefined>
}

export type IncomingEvent = AllowedSilence & {
  machineId: MachineId
  actionId: MachineActionId
  number: number
  event: AgentEvent
  /** A page where people read the report; the action's `troubleshootInfo` points at it. */
  reportUrl: string
}

export type EventTaken =
  | { kind: 'stored'; moved: StoredMachineAction | null }
  | { kind: 'repeated'; ackedEvent: number }
  | { kind: 'gap'; ackedEvent: number }
  | { kind: 'unknown' }

export type OwedOrder =
  | { verb: 'scan'; actionId: MachineActionId; scanType: ScanType; requestor: string; comment: string }
  | { verb: 'stop'; actionId: MachineActionId }

export type PreparedOrder = { paths: string[] | null; settings: ScanSettings }

export type Reconciliation = AllowedSilence & {
  machineId: MachineId
  listed: readonly { actionId: MachineActionId; lastEvent: number; ended: boolean }[]
}

export type Reconciled = {
  verdicts: { actionId: MachineActionId; ackedEvent: number; verdict: 'continue' | 'stop' | 'forget' }[]
  failed: { id: MachineActionId }[]
}
