import { type DeviceGroupId, type Instant, ScanPolicySettings } from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'
import { DEFAULT_SCAN_POLICY, type StoredScanPolicy } from './scan-policy.ts'

export type ScanPolicyTables = {
  scan_policy: { tenant: string; device_group: number; settings: string; changed_at: number }
}

const settingsSchema = Compile(ScanPolicySettings)

/** The policy of a group by its row; without one, the defaults hold. */
export function toScanPolicy(
  deviceGroup: DeviceGroupId,
  row: Pick<ScanPolicyTables['scan_policy'], 'settings' | 'changed_at'> | undefined,
): StoredScanPolicy {
  if (row === undefined) return { deviceGroup, settings: DEFAULT_SCAN_POLICY, changedAt: null }
  const settings = settingsSchema.Parse(JSON.parse(row.settings))
  return { deviceGroup, settings, changedAt: row.changed_at as Instant }
}
