import type { DeviceGroupRules, Instant, Inventory, MachineId, ODataFilter } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { RowPage, RowQuery } from '../kit/odata/index.ts'
import type { Reach } from '../principal/index.ts'
import type { StoredMachine } from './machine.ts'

/** Machines of one tenant. Every write is on disk when its promise resolves. */
export interface MachineStore {
  /** `undefined` when the tenant has no such machine. */
  find(id: MachineId): Promise<StoredMachine | undefined>

  /** The machine that the directory knows by this id. `undefined` when the tenant has none. */
  findByAadDevice(aadDeviceId: string): Promise<StoredMachine | undefined>

  /** All machines of that name, compared without case; names are not unique. */
  findByName(computerDnsName: string): Promise<StoredMachine[]>

  /** Which of these machines are within reach. */
  listWithin(ids: readonly MachineId[], reach: Reach): Promise<Set<MachineId>>

  /**
   * One page of the machines within reach. `now` decides which of them count as active.
   *
   * @throws ODataError for what machines cannot be filtered or ordered by
   */
  list(query: RowQuery, reach: Reach, now: Instant): Promise<RowPage<StoredMachine>>

  /** How many machines within reach fulfil a filter; all of them without one. */
  count(filter: ODataFilter | undefined, reach: Reach, now: Instant): Promise<number>

  /** The first machines within reach, by name, that the rules of a device group match, whatever group has them. */
  listMatching(rules: DeviceGroupRules, reach: Reach, limit: number): Promise<StoredMachine[]>

  countMatching(rules: DeviceGroupRules, reach: Reach): Promise<number>

  /** Notes what a machine says of itself, and the address that it came from. Unknown machines are ignored. */
  recordInventory(id: MachineId, inventory: Inventory, externalIp: string | null): Promise<void>

  /** Notes when machines were last heard of, many in one write. */
  recordSeen(seen: readonly { id: MachineId; at: Instant }[]): Promise<void>

  /** Holds back all orders from a machine whose key is in use twice, until its key is replaced. */
  holdOrders(id: MachineId, because: string, audit: AuditEntry): Promise<void>
}
