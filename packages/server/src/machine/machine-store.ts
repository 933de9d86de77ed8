import type { DeviceGroupRules, Instant, Inventory, MachineId, ODataFilter } from '@fleetsweep/protocol'
import type { AuditEntry, AuditPrincipal } from '../audit/index.ts'
import type { RowPage, RowQuery } from '../kit/odata/index.ts'
import type { Reach } from '../principal/index.ts'
import type { StoredMachine } from './machine.ts'
import type { MachineChange } from './machine-change.ts'

/** An address, spelled as `canonicalAddress` does, and a range of moments; both ends belong to it. */
export type AddressesWithin = { ip: string; from: Instant; to: Instant }

/** Which machines a list is of, beside what its filter says. */
export type MachineSelection =
  /** Those that had the address at some moment of the range. */
  | { kind: 'address'; address: AddressesWithin }
  /** Those with this tag, or one that begins so, compared without case. */
  | { kind: 'tag'; tag: string; startsWith: boolean }

/** A change of some machines that is made of all of them, or of none. */
export type MachinesChange = {
  /** Each once, with the id of its audit entry. */
  machines: readonly { id: MachineId; auditId: string }[]
  /** Others are unknown. */
  reach: Reach
  change: MachineChange
  by: AuditPrincipal
  /** What the audit calls it. */
  operation: string
}

export type MachinesChanged =
  /** The machines as they are now, in the order asked for. A change of tags may have taken them out of reach. */
  | { kind: 'changed'; machines: StoredMachine[] }
  | { kind: 'unknown'; id: MachineId }
  /** It would have more than `MAX_TAGS`. */
  | { kind: 'tooManyTags'; id: MachineId }

/** `connectedAt` is when its newest connection began, where that is news: what it said before was said in an older one. */
export type SeenMachine = { id: MachineId; at: Instant; connectedAt?: Instant | undefined }

/** Machines of one tenant. Every write is on disk when its promise resolves. */
export interface MachineStore {
  /** `undefined` when the tenant has no such machine. */
  find(id: MachineId): Promise<StoredMachine | undefined>

  /** The machines within reach that the directory knows by this id, the one heard of last first. */
  listByAadDevice(aadDeviceId: string, reach: Reach, limit: number): Promise<StoredMachine[]>

  /** The machines within reach of that name, compared without case, the one heard of last first. */
  listByName(computerDnsName: string, reach: Reach, limit: number): Promise<StoredMachine[]>

  /** Which of these machines are within reach. */
  listWithin(ids: readonly MachineId[], reach: Reach): Promise<Set<MachineId>>

  /**
   * One page of the machines within reach. `now` decides which of them count as active.
   *
   * @throws ODataError for what machines cannot be filtered or ordered by
   */
  list(
    query: RowQuery,
    reach: Reach,
    now: Instant,
    selection?: MachineSelection,
  ): Promise<RowPage<StoredMachine>>

  /** How many machines within reach fulfil a filter; all of them without one. */
  count(
    filter: ODataFilter | undefined,
    reach: Reach,
    now: Instant,
    selection?: MachineSelection,
  ): Promise<number>

  /** The first machines within reach, by name, that the rules of a device group match, whatever group has them. */
  listMatching(rules: DeviceGroupRules, reach: Reach, limit: number): Promise<StoredMachine[]>

  countMatching(rules: DeviceGroupRules, reach: Reach): Promise<number>

  /** Notes what a machine says of itself, and the address that it came from. Unknown machines are ignored. */
  recordInventory(id: MachineId, inventory: Inventory, externalIp: string | null): Promise<void>

  /** Notes when machines were last heard of, many in one write. */
  recordSeen(seen: readonly SeenMachine[]): Promise<void>

  /** Changes tags and values, with an audit entry for each machine that is not as before. */
  change(change: MachinesChange): Promise<MachinesChanged>

  /** Holds back all orders from a machine whose key is in use twice, until its key is replaced. */
  holdOrders(id: MachineId, because: string, audit: AuditEntry): Promise<void>
}

/** Addresses that machines of all tenants had long ago. */
export interface OldAddresses {
  /** Removes up to `limit` spans that ended before a moment, and says how many they were. */
  forget(before: Instant, limit: number): Promise<number>
}
