import { type DeviceAvInfo, formatInstant, type Instant } from '@fleetsweep/protocol'
import { avModeOf, type StoredAntivirusInfo, signatureFreshness } from './antivirus-info.ts'

/** The antivirus of a machine as the Defender API shows it; properties in the order of the wire. */
export function showAntivirusInfo(info: StoredAntivirusInfo, now: Instant): DeviceAvInfo {
  const { engine, quickScan, fullScan } = info
  return {
    id: info.machineId,
    machineId: info.machineId,
    computerDnsName: info.computerDnsName,
    osKind: info.osKind === 'macos' ? 'mac' : info.osKind,
    osPlatform: info.osPlatform,
    osVersion: info.osVersion,
    avMode: avModeOf(engine),
    avSignatureVersion: engine.signatures?.version ?? null,
    avEngineVersion: engine.version,
    avPlatformVersion: null,
    lastSeenTime: formatInstant(info.lastSeen),
    quickScanResult: quickScan.result,
    quickScanError: quickScan.error,
    quickScanTime: shown(quickScan.endedAt),
    fullScanResult: fullScan.result,
    fullScanError: fullScan.error,
    fullScanTime: shown(fullScan.endedAt),
    dataRefreshTimestamp: formatInstant(info.refreshedAt),
    avEngineUpdateTime: null,
    avSignatureUpdateTime: shown(info.signaturesChangedAt),
    avPlatformUpdateTime: null,
    avIsSignatureUpToDate: signatureFreshness(engine, now),
    avIsEngineUpToDate: 'Unknown',
    avIsPlatformUpToDate: 'Unknown',
    avSignaturePublishTime: shown(engine.signatures?.builtAt ?? null),
    rbacGroupName: info.deviceGroupName,
    rbacGroupId: info.deviceGroup,
  }
}

function shown(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant)
}
