import { addMs, formatInstant, type Instant, type Machine } from '@fleetsweep/protocol'
import { antivirusStatus } from '../antivirus-info/index.ts'
import type { StoredMachine } from './machine.ts'

/** A machine that was not heard of for so long is inactive, as Defender counts it. */
export const INACTIVE_AFTER_MS = 7 * 86_400_000

/** A machine as the Defender API shows it; properties in the order of the wire. */
export function showMachine(machine: StoredMachine, now: Instant): Machine {
  return {
    id: machine.id,
    mergedIntoMachineId: null,
    isPotentialDuplication: machine.isPotentialDuplication,
    isExcluded: false,
    exclusionReason: null,
    computerDnsName: machine.computerDnsName,
    firstSeen: formatInstant(machine.firstSeen),
    lastSeen: formatInstant(machine.lastSeen),
    osPlatform: machine.osPlatform,
    osVersion: machine.osVersion,
    osProcessor: machine.osProcessor,
    version: machine.version,
    lastIpAddress: machine.lastIpAddress,
    lastExternalIpAddress: machine.lastExternalIpAddress,
    agentVersion: machine.agentVersion,
    osBuild: machine.osBuild,
    healthStatus: machine.lastSeen >= addMs(now, -INACTIVE_AFTER_MS) ? 'Active' : 'Inactive',
    deviceValue: machine.deviceValue,
    rbacGroupId: machine.deviceGroup,
    rbacGroupName: machine.deviceGroupName,
    riskScore: machine.riskScore,
    exposureLevel: null,
    isAadJoined: null,
    aadDeviceId: machine.aadDeviceId,
    machineTags: machine.tags,
    defenderAvStatus: antivirusStatus(machine.engine, now),
    onboardingStatus: 'Onboarded',
    osArchitecture: machine.osArchitecture,
    managedBy: 'Unknown',
    managedByStatus: 'Unknown',
    ipAddresses: machine.ipAddresses,
    vmMetadata: null,
  }
}
