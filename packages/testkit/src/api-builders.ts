import { randomBytes, randomUUID } from 'node:crypto'
import type {
  Alert,
  AlertEvidence,
  Coverage,
  DeviceAvInfo,
  EngineInfo,
  FleetDetection,
  JudgingEngineInfo,
  Machine,
  MachineAction,
  MachineEngine,
  NotScannedReason,
  Scan,
  ScanProgress,
  ScanReport,
  ScanSettings,
  Tally,
} from '@fleetsweep/protocol'

const MOMENT = '2026-11-23T08:12:26.123456Z'

/** A machine as the Defender API shows it; say what matters to the test. */
export function buildMachine(given: Partial<Machine> = {}): Machine {
  return {
    id: randomBytes(20).toString('hex'),
    mergedIntoMachineId: null,
    isPotentialDuplication: false,
    isExcluded: false,
    exclusionReason: null,
    computerDnsName: 'lab-01.example',
    firstSeen: MOMENT,
    lastSeen: MOMENT,
    osPlatform: 'Debian',
    osVersion: '12.11',
    osProcessor: 'x64',
    version: 'Other',
    lastIpAddress: '192.0.2.10',
    lastExternalIpAddress: null,
    agentVersion: '0.1.0',
    osBuild: null,
    healthStatus: 'Active',
    deviceValue: 'Normal',
    rbacGroupId: 0,
    rbacGroupName: null,
    riskScore: 'None',
    exposureLevel: 'None',
    isAadJoined: null,
    aadDeviceId: null,
    machineTags: [],
    defenderAvStatus: 'Updated',
    onboardingStatus: 'Onboarded',
    osArchitecture: '64-bit',
    managedBy: 'Unknown',
    managedByStatus: 'Unknown',
    ipAddresses: [],
    vmMetadata: null,
    ...given,
  }
}

/** The antivirus of a machine with official signatures that are in date, and no scan yet. */
export function buildDeviceAvInfo(given: Partial<DeviceAvInfo> = {}): DeviceAvInfo {
  const id = given.machineId ?? randomBytes(20).toString('hex')
  return {
    id,
    machineId: id,
    computerDnsName: 'lab-01.example',
    osKind: 'linux',
    osPlatform: 'Debian',
    osVersion: '12.11',
    avMode: '3',
    avSignatureVersion: '27500',
    avEngineVersion: '1.4.6',
    avPlatformVersion: null,
    lastSeenTime: MOMENT,
    quickScanResult: '',
    quickScanError: '',
    quickScanTime: null,
    fullScanResult: '',
    fullScanError: '',
    fullScanTime: null,
    dataRefreshTimestamp: MOMENT,
    avEngineUpdateTime: null,
    avSignatureUpdateTime: null,
    avPlatformUpdateTime: null,
    avIsSignatureUpToDate: 'True',
    avIsEngineUpToDate: 'Unknown',
    avIsPlatformUpToDate: 'Unknown',
    avSignaturePublishTime: MOMENT,
    rbacGroupName: null,
    rbacGroupId: 0,
    ...given,
  }
}

/** An engine of the agent's own with official signatures that are in date. */
export function buildMachineEngine(given: Partial<MachineEngine> = {}): MachineEngine {
  return {
    machineId: randomBytes(20).toString('hex'),
    computerDnsName: 'lab-01.example',
    agentVersion: '0.1.0',
    name: 'ClamAV',
    version: '1.4.6',
    state: 'ready',
    life: 'onDemand',
    signatures: {
      state: 'inDate',
      version: '27500',
      builtAt: '2026-11-22T00:00:00Z',
      ageDays: 1,
      count: 3_627_123,
    },
    ...given,
  }
}

export function buildMachineAction(given: Partial<MachineAction> = {}): MachineAction {
  return {
    id: randomUUID(),
    type: 'RunAntiVirusScan',
    title: null,
    requestor: 'Console tests',
    requestorComment: 'Check machine',
    status: 'Pending',
    machineId: randomBytes(20).toString('hex'),
    computerDnsName: 'lab-01.example',
    creationDateTimeUtc: MOMENT,
    lastUpdateDateTimeUtc: MOMENT,
    cancellationRequestor: null,
    cancellationComment: null,
    cancellationDateTimeUtc: null,
    errorHResult: 0,
    scope: 'Quick',
    externalId: null,
    requestSource: 'PublicApi',
    relatedFileInfo: null,
    commands: [],
    troubleshootInfo: null,
    ...given,
  }
}

/** An alert as the Defender API lists it: without evidence. */
export function buildAlert(given: Partial<Alert> = {}): Alert {
  return {
    id: `da${randomBytes(6).readUIntBE(0, 6)}_${randomBytes(4).readInt32BE()}`,
    incidentId: 1,
    investigationId: null,
    assignedTo: null,
    severity: 'Informational',
    status: 'New',
    classification: null,
    determination: null,
    investigationState: 'UnsupportedAlertType',
    detectionSource: 'WindowsDefenderAv',
    detectorId: randomUUID(),
    category: 'Malware',
    threatFamilyName: 'Eicar-Test-Signature',
    title: "'Eicar-Test-Signature' test pattern was detected",
    description: "A scan found 'Eicar-Test-Signature' on lab-01.example in /tmp/eicar.com.",
    alertCreationTime: MOMENT,
    firstEventTime: MOMENT,
    lastEventTime: MOMENT,
    lastUpdateTime: MOMENT,
    resolvedTime: null,
    machineId: randomBytes(20).toString('hex'),
    computerDnsName: 'lab-01.example',
    rbacGroupName: null,
    aadTenantId: randomUUID(),
    threatName: 'Eicar-Test-Signature',
    mitreTechniques: [],
    relatedUser: { userName: 'root', domainName: null },
    comments: [],
    evidence: [],
    ...given,
  }
}

/** A file in which something was found. */
export function buildFileEvidence(given: Partial<AlertEvidence> = {}): AlertEvidence {
  return {
    entityType: 'File',
    evidenceCreationTime: MOMENT,
    sha1: null,
    sha256: '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f',
    fileName: 'eicar.com',
    filePath: '/tmp',
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
    accountName: 'root',
    domainName: null,
    userSid: null,
    aadUserId: null,
    userPrincipalName: null,
    detectionStatus: 'Detected',
    ...given,
  }
}

export function buildEngine(signatures: Partial<EngineInfo['signatures']> = {}): JudgingEngineInfo {
  return {
    name: 'ClamAV',
    version: '1.4.6',
    signatures: {
      official: true,
      version: '27500',
      builtAt: '2026-11-22T00:00:00Z',
      count: 3_627_123,
      identity: 'ab'.repeat(32),
      ...signatures,
    },
    limits: { maxFileSizeBytes: 536_870_912, maxScanSizeBytes: 1_073_741_824, maxScanTimeMs: 120_000 },
  }
}

/** A coverage whose `met` is the sum of what is given. */
export function buildCoverage(
  given: {
    scanned?: Tally
    unchanged?: Tally
    duplicate?: Tally
    notScanned?: Partial<Record<NotScannedReason, Tally>>
  } = {},
): Coverage {
  const none = { files: 0, bytes: 0 }
  const { scanned = none, unchanged = none, duplicate = none } = given
  const met = { ...none }
  for (const tally of [scanned, unchanged, duplicate, ...Object.values(given.notScanned ?? {})]) {
    met.files += tally.files
    met.bytes += tally.bytes
  }
  const left = (reason: NotScannedReason) => given.notScanned?.[reason] ?? none
  return {
    met,
    scanned,
    unchanged,
    duplicate,
    notScanned: {
      tooLarge: left('tooLarge'),
      engineLimit: left('engineLimit'),
      unreadable: left('unreadable'),
      vanished: left('vanished'),
      changedWhileScanning: left('changedWhileScanning'),
      specialFile: left('specialFile'),
      excluded: left('excluded'),
      timedOut: left('timedOut'),
      encrypted: left('encrypted'),
      engineError: left('engineError'),
      cancelled: left('cancelled'),
    } satisfies Record<NotScannedReason, Tally>,
  }
}

export function buildReport(given: Partial<ScanReport> = {}): ScanReport {
  return {
    scanType: 'Quick',
    attempts: 1,
    durationMs: 12_345,
    engine: buildEngine(),
    coverage: buildCoverage({ scanned: { files: 1_200, bytes: 345_678_901 } }),
    notScannedSamples: [],
    detections: 0,
    symlinksNotFollowed: 7,
    directories: 150,
    directoriesUnreadable: [],
    directoriesUnreadableCount: 0,
    mountsSkipped: [],
    cuts: [],
    ...given,
  }
}

export function buildProgress(given: Partial<ScanProgress> = {}): ScanProgress {
  return {
    phase: 'scanning',
    attempt: 1,
    filesTotal: 1_200,
    filesDone: 480,
    bytesTotal: 345_678_901,
    bytesDone: 138_271_560,
    percent: 40,
    detections: 0,
    etaMs: 18_000,
    ...given,
  }
}

export function buildDetection(given: Partial<FleetDetection> = {}): FleetDetection {
  return {
    id: randomUUID(),
    actionId: randomUUID(),
    alertId: null,
    machineId: randomBytes(20).toString('hex'),
    computerDnsName: 'lab-01.example',
    detectedAt: MOMENT,
    threatName: 'Eicar-Test-Signature',
    path: { text: '/tmp/eicar.com' },
    innerPath: null,
    sha256: '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f',
    sizeBytes: 68,
    owner: 'root',
    modifiedAt: MOMENT,
    changedAt: MOMENT,
    disposition: 'reported',
    ...given,
  }
}

/** What a scan was told by a policy that somebody has changed. */
export function buildScanSettings(given: Partial<ScanSettings> = {}): ScanSettings {
  return {
    exclusions: ['/srv/mail'],
    cpuCeilingPercent: 25,
    windows: [{ days: ['sat', 'sun'], from: '22:00', to: '06:00' }],
    onDetection: 'report',
    rescan: false,
    ...given,
  }
}

/** The scan that belongs to an action: nothing has happened yet. */
export function buildScan(action: MachineAction, given: Partial<Scan> = {}): Scan {
  return {
    actionId: action.id,
    machineId: action.machineId,
    computerDnsName: action.computerDnsName,
    status: action.status,
    scanType: action.scope === 'Full' ? 'Full' : 'Quick',
    paths: null,
    rescan: false,
    settings: null,
    requestedAt: action.creationDateTimeUtc,
    acceptedAt: null,
    startedAt: null,
    endedAt: null,
    attempts: 0,
    waitingFor: null,
    progress: null,
    report: null,
    reportedLate: false,
    conclusion: null,
    detections: [],
    stop: null,
    ...given,
  }
}
