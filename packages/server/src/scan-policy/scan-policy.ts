import {
  DEFAULT_SCAN_SETTINGS,
  type DeviceGroupId,
  type Instant,
  type ScanPolicySettings,
} from '@fleetsweep/protocol'

/** How scans of the machines of one device group are made. */
export type StoredScanPolicy = {
  deviceGroup: DeviceGroupId
  settings: ScanPolicySettings
  /** Null while nobody has changed it. */
  changedAt: Instant | null
}

const { rescan: _, ...policy } = DEFAULT_SCAN_SETTINGS

/** What holds for a device group whose policy nobody has changed. */
export const DEFAULT_SCAN_POLICY: ScanPolicySettings = policy
