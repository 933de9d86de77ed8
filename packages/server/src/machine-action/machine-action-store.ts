import type {
  Instant,
  MachineActionId,
  MachineId,
  ODataFilter,
  ScanType,
  TenantId,
} from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { RowPage, RowQuery } from '../kit/odata/index.ts'
import type { Reach } from '../principal/index.ts'
import type { IdempotencyKey } from './idempotency-key.ts'
import type { StoredMachineAction } from './machine-action.ts'

/** Machine actions of one tenant. Every write is on disk when its promise resolves. */
export interface MachineActionStore {
  /**
   * Creates a scan, unless the machine already has one under way.
   *
   * - `created`: the new action, `Pending`.
   * - `existing`: the same scan still waits for the machine; that one is the answer, and the call is audited.
   * - `repeated`: the same call was answered before, by its idempotency key; nothing is done again.
   * - `keyReused`: another call of the same principal came with that key within a day.
   * - `refused`: another scan is `Pending`, or one is `InProgress`.
   * - `machineUnknown`: the tenant has no such machine.
   */
  requestScan(request: NewScan): Promise<ScanRequested>

  /** Cancels an action that has not ended. From then on the machine owes a stop. */
  cancel(cancellation: Cancellation): Promise<Cancelled>

  /** `undefined` when the tenant has no such action. */
  find(id: MachineActionId): Promise<StoredMachineAction | undefined>

  /** As `find`, for an action whose machine is within reach. */
  findWithin(id: MachineActionId, reach: Reach): Promise<StoredMachineAction | undefined>

  /**
   * One page of the actions on machines within reach, newest first unless the query orders them otherwise.
   *
   * @throws ODataError for what actions cannot be filtered or ordered by
   */
  list(query: RowQuery, reach: Reach): Promise<RowPage<StoredMachineAction>>

  /** How many actions on machines within reach fulfil a filter; all of them without one. */
  count(filter: ODataFilter | undefined, reach: Reach): Promise<number>
}

/** What all tenants share: work that no caller asked for. */
export interface MachineActionTimeouts {
  /** Ends every action whose time is over, at most `limit` of them; answers those that it ended, with their tenant. */
  expire(now: Instant, limit: number): Promise<{ tenant: TenantId; action: StoredMachineAction }[]>
}

export type NewScan = {
  id: MachineActionId
  machineId: MachineId
  scanType: ScanType
  requestor: string
  comment: string
  externalId: string | null
  requestSource: 'PublicApi' | 'Portal'
  /** What a `Custom` scan looks at; null for the others. */
  paths: readonly string[] | null
  rescan: boolean
  /** How long it may stay `Pending`. */
  timeOutMs: number
  idempotency: IdempotencyKey | null
  audit: AuditEntry
}

export type ScanRequested =
  | { kind: 'created'; action: StoredMachineAction }
  | { kind: 'existing'; action: StoredMachineAction }
  | { kind: 'repeated'; action: StoredMachineAction }
  | { kind: 'keyReused' }
  | { kind: 'refused'; blockedBy: MachineActionId }
  | { kind: 'machineUnknown' }

export type Cancellation = {
  id: MachineActionId
  requestor: string
  comment: string | null
  audit: AuditEntry
}

export type Cancelled =
  | { kind: 'cancelled'; action: StoredMachineAction }
  | { kind: 'alreadyCancelled'; action: StoredMachineAction }
  | { kind: 'alreadyEnded'; action: StoredMachineAction }
  | { kind: 'unknown' }
