import { type Alert, type AlertEvidence, formatInstant, type TenantId } from '@fleetsweep/protocol'
import { type AlertPlace, type AlertWithPlaces, MAX_PLACES, type StoredAlert } from './alert.ts'

export const DETECTION_SOURCE = 'WindowsDefenderAv'
export const CATEGORY = 'Malware'
export const INVESTIGATION_STATE = 'UnsupportedAlertType'
/** One detector stands for all engines; Microsoft's are GUIDs, too. */
export const DETECTOR_ID = 'f1ee75ee-0000-4000-8000-0000000000a7'

/** An alert as the Defender API shows it; properties in the order of the wire. */
export function showAlert({ alert, places }: AlertWithPlaces, tenant: TenantId): Alert {
  return {
    id: alert.id,
    incidentId: alert.incident,
    investigationId: null,
    assignedTo: alert.assignedTo,
    severity: alert.severity,
    status: alert.status,
    classification: alert.classification,
    determination: alert.determination,
    investigationState: INVESTIGATION_STATE,
    detectionSource: DETECTION_SOURCE,
    detectorId: DETECTOR_ID,
    category: CATEGORY,
    threatFamilyName: alert.threatFamily,
    title: alert.title,
    description: describe(alert),
    alertCreationTime: formatInstant(alert.createdAt),
    firstEventTime: formatInstant(alert.createdAt),
    lastEventTime: formatInstant(alert.lastEventAt),
    lastUpdateTime: formatInstant(alert.updatedAt),
    resolvedTime: alert.resolvedAt === null ? null : formatInstant(alert.resolvedAt),
    machineId: alert.machineId,
    computerDnsName: alert.computerDnsName,
    rbacGroupName: alert.deviceGroupName,
    aadTenantId: tenant,
    threatName: alert.threatName,
    mitreTechniques: [],
    relatedUser: alert.lastOwner === null ? null : { userName: alert.lastOwner, domainName: null },
    comments: [...alert.comments],
    evidence: places.map((place) => showPlace(place, alert.sha256)),
  }
}

const FATE: Record<StoredAlert['lastDisposition'], string> = {
  reported: 'reported, not removed',
  quarantined: 'quarantined',
}

/** What, where and what became of it, in words. */
function describe(alert: StoredAlert): string {
  const { threatName, computerDnsName, places, morePlaces, lastPath, lastDisposition } = alert
  const found = `A scan found '${threatName}'`
  const fate = FATE[lastDisposition]
  if (places === 1 && !morePlaces)
    return `${found} on ${computerDnsName} in ${lastPath}. The file was ${fate}.`
  const count = morePlaces ? `more than ${MAX_PLACES} places` : `${places} places`
  const listed = morePlaces ? ` The evidence holds the ${MAX_PLACES} where it was found last.` : ''
  return `${found} on ${computerDnsName} in ${count}, last in ${lastPath}. That file was ${fate}.${listed}`
}

function showPlace({ path, owner, disposition, firstAt }: AlertPlace, sha256: string | null): AlertEvidence {
  return {
    entityType: 'File',
    evidenceCreationTime: formatInstant(firstAt),
    sha1: null,
    sha256,
    ...splitPath(path),
    processId: null,
    processCommandLine: null,
    processCreationTime: null,
    parentProcessId: null,
    parentProcessCreationTime: null,
    parentProcessFileName: null,
    parentProcessFilePath: null,
    ipAddress: null,
    url: null,
    registryKey: null,
    registryHive: null,
    registryValueType: null,
    registryValue: null,
    accountName: owner,
    domainName: null,
    userSid: null,
    aadUserId: null,
    userPrincipalName: null,
    detectionStatus: disposition === 'quarantined' ? 'Remediated' : 'Detected',
  }
}

/** Folder and name, as Defender has them. A backslash is written twice in a path that is safe to show. */
function splitPath(path: string): Pick<AlertEvidence, 'fileName' | 'filePath'> {
  const separator = path.startsWith('/') ? '/' : '\\\\'
  const at = path.lastIndexOf(separator)
  if (at < 0) return { fileName: path, filePath: null }
  return { fileName: path.slice(at + separator.length), filePath: path.slice(0, at) || separator }
}
