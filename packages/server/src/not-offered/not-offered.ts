import type { CallClass } from '../kit/http/index.ts'

/** An operation of Microsoft's that this server does not have. */
export type NotOffered = {
  /** Verb and path, as operations declare them. What the path names is looked up first, and may be unknown. */
  route: string
  /** What the call would do, to follow "This server does not". */
  does: string
  /** What Microsoft asks for, for whoever writes the operation one day; nobody can hold most of these here. */
  permission: string
  /** What is offered in its place, as a sentence of its own. */
  instead: string
  callClass?: CallClass
}

const SCANS = 'It scans machines: POST /api/machines/{id}/runAntiVirusScan.'
const REPORTS = 'What a scan found is at GET /fleet/v1/scans/{action id}.'
const QUARANTINE = 'It moves files that scans found: POST /fleet/v1/detections/{id}/quarantine.'
const MACHINES = 'What it knows of machines is at GET /api/machines and GET /api/deviceavinfo.'
const ALERTS = 'What scans found is at GET /api/alerts, with its files where $expand=evidence asks for them.'
const LISTS = 'Its lists take $filter: /api/machines, /api/machineactions, /api/alerts, /api/deviceavinfo.'

type Member = readonly [route: string, does: string]

/** Operations that share a permission and what is offered in their place. */
function family(
  permission: string,
  instead: string,
  members: readonly Member[],
  callClass?: CallClass,
): NotOffered[] {
  return members.map(([route, does]) => ({
    route,
    does,
    permission,
    instead,
    ...(callClass ? { callClass } : {}),
  }))
}

/**
 * All of them, by subject. What is not here and not an operation is nothing that Microsoft offers.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/exposed-apis-list
 */
export const NOT_OFFERED: readonly NotOffered[] = [
  ...family('Machine.Isolate', SCANS, [
    ['POST /api/machines/:machineId/isolate', 'isolate machines'],
    ['POST /api/machines/:machineId/unisolate', 'isolate machines'],
  ]),
  ...family('Machine.RestrictExecution', SCANS, [
    ['POST /api/machines/:machineId/restrictCodeExecution', 'restrict which programs run'],
    ['POST /api/machines/:machineId/unrestrictCodeExecution', 'restrict which programs run'],
  ]),
  ...family('Machine.StopAndQuarantine', QUARANTINE, [
    [
      'POST /api/machines/:machineId/StopAndQuarantineFile',
      'stop programs or quarantine files by their hash',
    ],
  ]),
  ...family('Machine.Offboard', 'Uninstall the agent on the machine itself.', [
    ['POST /api/machines/:machineId/offboard', 'offboard machines'],
  ]),
  ...family('Machine.CollectForensics', REPORTS, [
    ['POST /api/machines/:machineId/collectInvestigationPackage', 'collect investigation packages'],
  ]),
  ...family(
    'Machine.Read.All',
    REPORTS,
    [['GET /api/machineactions/:actionId/getPackageUri', 'collect investigation packages']],
    'collectedPackage',
  ),
  ...family(
    'Machine.LiveResponse',
    SCANS,
    [['POST /api/machines/:machineId/runliveresponse', 'run commands or scripts on machines']],
    'liveResponse',
  ),
  ...family('Machine.Read.All', SCANS, [
    [
      'GET /api/machineactions/:actionId/GetLiveResponseResultDownloadLink(:arguments)',
      'run commands or scripts on machines',
    ],
  ]),
  ...family('Library.Manage', SCANS, [
    ['GET /api/libraryfiles', 'keep scripts for live response'],
    ['POST /api/libraryfiles', 'keep scripts for live response'],
    ['DELETE /api/libraryfiles/:fileName', 'keep scripts for live response'],
  ]),
  ...family(
    'Alert.ReadWrite.All',
    SCANS,
    [['POST /api/machines/:machineId/startInvestigation', 'investigate by itself']],
    'investigation',
  ),
  ...family('Alert.Read.All', SCANS, [
    ['GET /api/investigations', 'investigate by itself'],
    ['GET /api/investigations/:investigationId', 'investigate by itself'],
  ]),
  ...family('Alert.ReadWrite.All', 'Its alerts come from what scans find.', [
    ['POST /api/alerts/CreateAlertByReference', 'take alerts of others'],
  ]),
  ...family('Alert.ReadWrite.All', 'One alert is changed by PATCH /api/alerts/{id}.', [
    ['POST /api/alerts/batchUpdate', 'change many alerts in one call'],
  ]),
  ...family('File.Read.All', ALERTS, [
    ['GET /api/alerts/:alertId/files', 'know files apart from alerts and detections'],
    ['GET /api/files/:fileId', 'know files apart from alerts and detections'],
    ['GET /api/files/:fileId/alerts', 'know files apart from alerts and detections'],
    ['GET /api/files/:fileId/machines', 'know files apart from alerts and detections'],
    ['GET /api/files/:fileId/stats', 'know files apart from alerts and detections'],
  ]),
  ...family('Ip.Read.All', MACHINES, [
    ['GET /api/alerts/:alertId/ips', 'watch network traffic'],
    ['GET /api/ips/:address/alerts', 'watch network traffic'],
    ['GET /api/ips/:address/stats', 'watch network traffic'],
  ]),
  ...family('URL.Read.All', MACHINES, [
    ['GET /api/alerts/:alertId/domains', 'watch network traffic'],
    ['GET /api/domains/:domain/alerts', 'watch network traffic'],
    ['GET /api/domains/:domain/machines', 'watch network traffic'],
    ['GET /api/domains/:domain/stats', 'watch network traffic'],
  ]),
  ...family('User.Read.All', MACHINES, [
    ['GET /api/machines/:machineId/logonusers', 'note who signs in to machines'],
    ['GET /api/alerts/:alertId/user', 'note who signs in to machines'],
    ['GET /api/users/:user/alerts', 'note who signs in to machines'],
    ['GET /api/users/:user/machines', 'note who signs in to machines'],
  ]),
  ...family('Ti.ReadWrite', 'What an engine finds is decided by its signatures.', [
    ['GET /api/indicators', 'take indicators'],
    ['POST /api/indicators', 'take indicators'],
    ['POST /api/indicators/import', 'take indicators'],
    ['POST /api/indicators/BatchDelete', 'take indicators'],
    ['PATCH /api/indicators/:indicatorId', 'take indicators'],
    ['DELETE /api/indicators/:indicatorId', 'take indicators'],
  ]),
  ...family(
    'AdvancedQuery.Read.All',
    LISTS,
    [
      ['POST /api/advancedqueries/run', 'run hunting queries'],
      ['POST /api/advancedhunting/run', 'run hunting queries'],
    ],
    'advancedHunting',
  ),
  ...family('Incident.Read.All', ALERTS, [
    ['GET /api/incidents', 'gather alerts into incidents'],
    ['GET /api/incidents/:incidentId', 'gather alerts into incidents'],
    ['PATCH /api/incidents/:incidentId', 'gather alerts into incidents'],
  ]),
  ...family('Vulnerability.Read.All', MACHINES, [
    ['GET /api/vulnerabilities', 'assess vulnerabilities'],
    ['GET /api/vulnerabilities/machinesVulnerabilities', 'assess vulnerabilities'],
    ['GET /api/vulnerabilities/:vulnerabilityId', 'assess vulnerabilities'],
    ['GET /api/vulnerabilities/:vulnerabilityId/machineReferences', 'assess vulnerabilities'],
    ['GET /api/machines/:machineId/vulnerabilities', 'assess vulnerabilities'],
    ['GET /api/machines/SoftwareVulnerabilitiesByMachine', 'assess vulnerabilities'],
    ['GET /api/machines/SoftwareVulnerabilitiesExport', 'assess vulnerabilities'],
    ['GET /api/machines/SoftwareVulnerabilityChangesByMachine', 'assess vulnerabilities'],
    ['GET /api/machines/SecureConfigurationsAssessmentByMachine', 'assess how machines are configured'],
    ['GET /api/machines/SecureConfigurationsAssessmentExport', 'assess how machines are configured'],
    ['GET /api/machines/certificateAssessmentByMachine', 'assess certificates'],
    ['GET /api/machines/certificateAssessmentExport', 'assess certificates'],
  ]),
  ...family(
    'Vulnerability.Read.All',
    'The same is at GET /api/deviceavinfo, page by page.',
    [['GET /api/machines/InfoGatheringExport', 'export to files']],
    'antivirusInfo',
  ),
  ...family('Software.Read.All', MACHINES, [
    ['GET /api/software', 'take stock of software'],
    ['GET /api/software/:softwareId', 'take stock of software'],
    ['GET /api/software/:softwareId/distributions', 'take stock of software'],
    ['GET /api/software/:softwareId/machineReferences', 'take stock of software'],
    ['GET /api/software/:softwareId/vulnerabilities', 'take stock of software'],
    ['GET /api/software/:softwareId/getmissingkbs', 'take stock of software'],
    ['GET /api/machines/:machineId/software', 'take stock of software'],
    ['GET /api/machines/:machineId/getmissingkbs', 'take stock of software'],
    ['GET /api/machines/SoftwareInventoryByMachine', 'take stock of software'],
    ['GET /api/machines/SoftwareInventoryExport', 'take stock of software'],
    ['GET /api/machines/SoftwareInventoryNoProductCodeByMachine', 'take stock of software'],
    ['GET /api/machines/SoftwareInventoryNonCpeExport', 'take stock of software'],
    ['GET /api/machines/BrowserExtensionsInventoryByMachine', 'take stock of browser extensions'],
    ['GET /api/machines/BrowserExtensionsInventoryExport', 'take stock of browser extensions'],
    ['GET /api/browserextensions/permissionsinfo', 'take stock of browser extensions'],
    ['GET /api/machines/HardwareFirmwareInventoryByMachine', 'take stock of hardware and firmware'],
    ['GET /api/machines/HardwareFirmwareInventoryExport', 'take stock of hardware and firmware'],
  ]),
  ...family('SecurityBaselinesAssessment.Read.All', MACHINES, [
    ['GET /api/baselineProfiles', 'assess security baselines'],
    ['GET /api/baselineConfigurations', 'assess security baselines'],
    ['GET /api/machines/baselineComplianceAssessmentByMachine', 'assess security baselines'],
    ['GET /api/machines/baselineComplianceAssessmentExport', 'assess security baselines'],
  ]),
  ...family('SecurityRecommendation.Read.All', MACHINES, [
    ['GET /api/recommendations', 'recommend changes'],
    ['GET /api/recommendations/:recommendationId', 'recommend changes'],
    ['GET /api/recommendations/:recommendationId/software', 'recommend changes'],
    ['GET /api/recommendations/:recommendationId/machineReferences', 'recommend changes'],
    ['GET /api/recommendations/:recommendationId/vulnerabilities', 'recommend changes'],
    ['GET /api/machines/:machineId/recommendations', 'recommend changes'],
  ]),
  ...family('RemediationTasks.Read.All', MACHINES, [
    ['GET /api/remediationtasks', 'keep tasks of remediation'],
    ['GET /api/remediationtasks/:taskId', 'keep tasks of remediation'],
    ['GET /api/remediationtasks/:taskId/machineReferences', 'keep tasks of remediation'],
  ]),
  ...family('Score.Read.All', MACHINES, [
    ['GET /api/exposureScore', 'score machines'],
    ['GET /api/exposureScore/ByMachineGroups', 'score machines'],
    ['GET /api/configurationScore', 'score machines'],
  ]),
  ...family('Machine.Read.All', MACHINES, [
    ['GET /api/DeviceAuthenticatedScanAgents', 'scan networks'],
    ['GET /api/DeviceAuthenticatedScanDefinitions', 'scan networks'],
    ['POST /api/DeviceAuthenticatedScanDefinitions', 'scan networks'],
    ['PATCH /api/DeviceAuthenticatedScanDefinitions/:definitionId', 'scan networks'],
    ['POST /api/DeviceAuthenticatedScanDefinitions/BatchDelete', 'scan networks'],
    ['POST /api/DeviceAuthenticatedScanDefinitions/GetScanHistoryByScanDefinitionId', 'scan networks'],
    ['POST /api/DeviceAuthenticatedScanDefinitions/GetScanHistoryBySessionId', 'scan networks'],
  ]),
  ...family('none', 'Contexts name the entities; their properties are in the documentation of the API.', [
    ['GET /api/$metadata', 'describe its entities in CSDL'],
  ]),
]
