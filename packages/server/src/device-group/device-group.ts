import type { DeviceGroupId, DeviceGroupRules, RemediationLevel, UserGroupId } from '@fleetsweep/protocol'

/** A set of machines that people reach. */
export type StoredDeviceGroup = {
  /** `UNGROUPED` for the machines that no other group matches. */
  id: DeviceGroupId
  displayName: string
  description: string
  /** 1 is the highest; null for the ungrouped machines, which always come last. */
  rank: number | null
  rules: DeviceGroupRules | null
  remediationLevel: RemediationLevel
  /** None: everybody who has a role reaches it. */
  userGroups: UserGroupId[]
  machineCount: number
}

export type NewDeviceGroup = {
  displayName: string
  description: string
  rules: DeviceGroupRules
  remediationLevel: RemediationLevel
  userGroups: readonly UserGroupId[]
}

/** What is absent stays. */
export type DeviceGroupChange = Partial<NewDeviceGroup>
