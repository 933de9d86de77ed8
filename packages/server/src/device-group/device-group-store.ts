import type { DeviceGroupId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { DeviceGroupChange, NewDeviceGroup, StoredDeviceGroup } from './device-group.ts'

/**
 * Device groups of one tenant. A change that decides which machines are in which group has moved them all when its
 * promise resolves; on every node, the next call sees all of it or nothing.
 */
export interface DeviceGroupStore {
  /** The highest rank first, the ungrouped machines last. */
  list(): Promise<StoredDeviceGroup[]>

  find(id: DeviceGroupId): Promise<StoredDeviceGroup | undefined>

  /** Names of these groups, in the order of their ranks; ids that are not there have none. */
  namesOf(ids: readonly DeviceGroupId[]): Promise<{ id: DeviceGroupId; displayName: string }[]>

  /**
   * Adds a group below all others, so that it takes no machine from one of them. `userGroupUnknown`: it names a user
   * group that is not there. `userGroupWithoutRole`: it names one whose people may do nothing.
   */
  create(group: NewDeviceGroup, audit: AuditEntry): Promise<{ kind: 'created'; id: DeviceGroupId } | Refusal>

  /** `ungrouped`: of the ungrouped machines only the remediation level and the user groups change. */
  change(
    id: DeviceGroupId,
    change: DeviceGroupChange,
    audit: AuditEntry,
  ): Promise<'changed' | 'unknown' | 'ungrouped' | Refusal>

  /** Its machines go to the next group that matches. `ungrouped`: that one stays. */
  delete(id: DeviceGroupId, audit: AuditEntry): Promise<'deleted' | 'unknown' | 'ungrouped'>

  /** Ranks the groups in this order, the first highest. `notAll`: it is not every group once. */
  order(ids: readonly DeviceGroupId[], audit: AuditEntry): Promise<'ordered' | 'notAll'>
}

type Refusal = 'nameTaken' | 'userGroupUnknown' | 'userGroupWithoutRole' | 'tooMany'
