import type { AgentEvent, Instant, MachineActionId, MachineId, TenantId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { IdempotencyKey } from '../machine-action/index.ts'
import type { Reach } from '../principal/index.ts'
import type { AskedTask, StoredMachineTask } from './machine-task.ts'

/**
 * What machines of one tenant are asked for beside scans. Every write is on disk when its promise resolves. What a
 * machine lists of them is compared together with its scans, in `ScanStore.reconcile`.
 */
export interface MachineTaskStore {
  /**
   * Creates a task, unless the machine has just that under way.
   *
   * - `created`: the new task, `Pending`.
   * - `existing`: the same is asked for already and has not ended; that one is the answer, and the call is audited.
   * - `repeated`: the same call was answered before, by its idempotency key; nothing is done again.
   * - `keyReused`: another call of the same principal came with that key within a day.
   * - `needless`: the file is where it is to be already, with that in words.
   */
  request(task: NewTask): Promise<TaskRequested>

  /** Takes an event of a task, once; as `ScanStore.takeEvent`. */
  takeEvent(event: IncomingTaskEvent): Promise<TaskEventTaken>

  /** Tasks that the machine has not taken yet, the oldest first and at most 100. */
  listOwed(machineId: MachineId): Promise<OwedTask[]>

  /** `undefined` when the tenant has no such task. */
  find(id: MachineActionId): Promise<StoredMachineTask | undefined>

  /** As `find`, for a task whose machine is within reach. */
  findWithin(id: MachineActionId, reach: Reach): Promise<StoredMachineTask | undefined>

  /** Tasks of one machine, newest first; `after` is the last one of the page before. */
  list(query: {
    machineId: MachineId
    after?: { createdAt: Instant; id: string }
    limit: number
  }): Promise<StoredMachineTask[]>
}

/** What all tenants share: work that no caller asked for. */
export interface MachineTaskTimeouts {
  /** Ends every task whose time is over, at most `limit` of them; answers those that it ended, with their tenant. */
  expire(now: Instant, limit: number): Promise<{ tenant: TenantId; action: StoredMachineTask }[]>
}

export type NewTask = {
  id: MachineActionId
  machineId: MachineId
  computerDnsName: string
  asked: AskedTask
  requestor: string
  comment: string
  /** How long it may stay `Pending`. */
  timeOutMs: number
  idempotency: IdempotencyKey | null
  audit: AuditEntry
}

export type TaskRequested =
  | { kind: 'created'; task: StoredMachineTask }
  | { kind: 'existing'; task: StoredMachineTask }
  | { kind: 'repeated'; task: StoredMachineTask }
  | { kind: 'keyReused' }
  | { kind: 'needless'; why: string }

export type IncomingTaskEvent = {
  machineId: MachineId
  actionId: MachineActionId
  number: number
  event: AgentEvent
  /** How long the task may now stay silent. */
  silenceMs: number
}

export type TaskEventTaken =
  | { kind: 'stored'; moved: StoredMachineTask | null }
  | { kind: 'repeated'; ackedEvent: number }
  | { kind: 'gap'; ackedEvent: number }
  | { kind: 'unknown' }

/** A task whose order has to go out. */
export type OwedTask = AskedTask & { actionId: MachineActionId; requestor: string; comment: string }
