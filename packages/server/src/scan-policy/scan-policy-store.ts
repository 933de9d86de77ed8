import type { DeviceGroupId, ScanPolicySettings } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { StoredScanPolicy } from './scan-policy.ts'

/** Scan policies of one tenant, one for each device group. Every write is on disk when its promise resolves. */
export interface ScanPolicyStore {
  /** Those of all device groups, the highest rank first, that of the ungrouped devices last. */
  list(): Promise<NamedStoredPolicy[]>

  /** `undefined` when there is no such device group; that of the ungrouped devices is always there. */
  find(deviceGroup: DeviceGroupId): Promise<StoredScanPolicy | undefined>

  /**
   * Changes what is named, and audits what was and what is. A scan gets the policy that holds when its order goes out:
   * one that a machine has already keeps what it was sent.
   *
   * - `unknown`: there is no such device group.
   */
  change(
    deviceGroup: DeviceGroupId,
    change: Partial<ScanPolicySettings>,
    audit: AuditEntry,
  ): Promise<{ kind: 'changed'; policy: StoredScanPolicy } | { kind: 'unknown' }>

  /**
   * Puts the defaults back, and audits what was; where they hold already, nothing is done.
   *
   * - `unknown`: there is no such device group.
   */
  remove(deviceGroup: DeviceGroupId, audit: AuditEntry): Promise<{ kind: 'removed' | 'unknown' }>
}

export type NamedStoredPolicy = StoredScanPolicy & { deviceGroupName: string }
