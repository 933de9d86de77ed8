import type { AvScanResult, DeviceGroupId, Instant, Inventory, MachineId } from '@fleetsweep/protocol'
import { type EngineFacts, engineFacts, type StoredAntivirusInfo } from './antivirus-info.ts'

export type AntivirusInfoTables = { antivirus_info: AntivirusInfoRow }

export type AntivirusInfoRow = InventoryColumns & {
  tenant: string
  machine: string
  refreshed_at: number
  /** Null until the machine tells of other signatures than it told of first. */
  signatures_changed_at: number | null
  quick_scan_result: string
  quick_scan_error: string
  quick_scan_ended_at: number | null
  full_scan_result: string
  full_scan_error: string
  full_scan_ended_at: number | null
}

type InventoryColumns = {
  os_kind: string
  os_platform: string
  os_version: string | null
  engine_state: string
  engine_mode: string | null
  engine_version: string | null
  signature_identity: string | null
  signature_version: string | null
  signatures_official: number | null
  signatures_built_at: number | null
}

/** A row of the view `device_antivirus`: what is kept, with its machine and the name of the group that it is in. */
export type DeviceAntivirusRow = AntivirusInfoRow & {
  computer_dns_name: string
  computer_dns_name_lower: string
  last_seen: number
  device_group: number
  device_group_name: string | null
}

/** The columns that an inventory sets. */
export function antivirusColumns(inventory: Inventory): InventoryColumns {
  const { state, mode, version, signatures } = engineFacts(inventory.engine)
  return {
    os_kind: inventory.osKind,
    os_platform: inventory.osPlatform,
    os_version: inventory.osVersion,
    engine_state: state,
    engine_mode: mode,
    engine_version: version,
    signature_identity: signatures?.identity ?? null,
    signature_version: signatures?.version ?? null,
    signatures_official: signatures && (signatures.isOfficial ? 1 : 0),
    signatures_built_at: signatures?.builtAt ?? null,
  }
}

/** The row's own words are trusted: only this folder and the inventory's schema put them there. */
export function toAntivirusInfo(row: DeviceAntivirusRow): StoredAntivirusInfo {
  return {
    machineId: row.machine as MachineId,
    computerDnsName: row.computer_dns_name,
    osKind: row.os_kind as StoredAntivirusInfo['osKind'],
    osPlatform: row.os_platform,
    osVersion: row.os_version,
    deviceGroup: row.device_group as DeviceGroupId,
    deviceGroupName: row.device_group_name,
    lastSeen: row.last_seen as Instant,
    engine: {
      state: row.engine_state as EngineFacts['state'],
      mode: row.engine_mode as EngineFacts['mode'],
      version: row.engine_version,
      signatures: row.signature_identity === null ? null : signaturesOf(row, row.signature_identity),
    },
    signaturesChangedAt: row.signatures_changed_at as Instant | null,
    quickScan: {
      result: row.quick_scan_result as AvScanResult,
      error: row.quick_scan_error,
      endedAt: row.quick_scan_ended_at as Instant | null,
    },
    fullScan: {
      result: row.full_scan_result as AvScanResult,
      error: row.full_scan_error,
      endedAt: row.full_scan_ended_at as Instant | null,
    },
    refreshedAt: row.refreshed_at as Instant,
  }
}

function signaturesOf(row: AntivirusInfoRow, identity: string): EngineFacts['signatures'] {
  return {
    identity,
    version: row.signature_version,
    isOfficial: row.signatures_official === 1,
    builtAt: row.signatures_built_at as Instant | null,
  }
}
