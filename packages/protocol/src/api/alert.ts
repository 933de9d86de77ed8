import { type Static, Type } from 'typebox'

export const ALERT_STATUSES = ['New', 'InProgress', 'Resolved'] as const
/** Spelled as on the wire. An alert is open until it is `Resolved`. */
export type AlertStatus = (typeof ALERT_STATUSES)[number]

/** From the lowest to the highest. */
export const ALERT_SEVERITIES = ['Informational', 'Low', 'Medium', 'High'] as const
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number]

export const ALERT_CLASSIFICATIONS = [
  'TruePositive',
  'InformationalExpectedActivity',
  'FalsePositive',
] as const
export type AlertClassification = (typeof ALERT_CLASSIFICATIONS)[number]

/** Microsoft's pages name some of them in two ways; both are taken, and stay as they were written. */
export const ALERT_DETERMINATIONS = [
  'MultiStagedAttack',
  'MaliciousUserActivity',
  'CompromisedUser',
  'Malware',
  'Phishing',
  'UnwantedSoftware',
  'SecurityTesting',
  'LineOfBusinessApplication',
  'ConfirmedActivity',
  'ConfirmedUserActivity',
  'NotMalicious',
  'Clean',
  'InsufficientData',
  'Other',
] as const
export type AlertDetermination = (typeof ALERT_DETERMINATIONS)[number]

const NullableText = Type.Union([Type.String(), Type.Null()])

/** One thing that an alert is about; of Microsoft's kinds this server knows files alone. */
export const AlertEvidence = Type.Object(
  {
    entityType: Type.Literal('File'),
    evidenceCreationTime: Type.String({ description: 'When the threat was first found in this place.' }),
    sha1: Type.Null({ description: 'Agents do not compute it.' }),
    sha256: Type.Union([Type.String(), Type.Null()], {
      description: 'Of the whole file; null when it could not be read again.',
    }),
    fileName: NullableText,
    filePath: Type.Union([Type.String(), Type.Null()], {
      description:
        'The folder that the file is in, as Defender has it. Safe to show: control characters are escaped.',
    }),
    processId: Type.Null(),
    processCommandLine: Type.Null(),
    processCreationTime: Type.Null(),
    parentProcessId: Type.Null(),
    parentProcessCreationTime: Type.Null(),
    parentProcessFileName: Type.Null(),
    parentProcessFilePath: Type.Null(),
    ipAddress: Type.Null(),
    url: Type.Null(),
    registryKey: Type.Null(),
    registryHive: Type.Null(),
    registryValueType: Type.Null(),
    registryValue: Type.Null(),
    accountName: Type.Union([Type.String(), Type.Null()], { description: "The file's owner." }),
    domainName: Type.Null(),
    userSid: Type.Null(),
    aadUserId: Type.Null(),
    userPrincipalName: Type.Null(),
    detectionStatus: Type.Union([Type.Literal('Detected'), Type.Literal('Remediated')], {
      description: '`Detected` while the file is where it was, `Remediated` once it is quarantined.',
    }),
  },
  {
    description:
      'A place in which the threat was found. This server knows of files alone; what else Microsoft has here is null.',
  },
)
export type AlertEvidence = Static<typeof AlertEvidence>

export const AlertComment = Type.Object({
  comment: Type.String(),
  createdBy: Type.String(),
  createdTime: Type.String(),
})
export type AlertComment = Static<typeof AlertComment>

/**
 * What was found on a machine, as the Defender API shows it; properties stand in the order of the wire.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/alerts
 */
export const Alert = Type.Object(
  {
    id: Type.String({ pattern: '^da\\d+_-?\\d+$', description: '`da`, digits, `_`, a signed number.' }),
    incidentId: Type.Integer({
      description: 'Each alert is an incident of its own, numbered from 1 within the tenant.',
    }),
    investigationId: Type.Null(),
    assignedTo: NullableText,
    severity: Type.Enum(ALERT_SEVERITIES),
    status: Type.Enum(ALERT_STATUSES),
    classification: Type.Union([Type.Enum(ALERT_CLASSIFICATIONS), Type.Null()]),
    determination: Type.Union([Type.Enum(ALERT_DETERMINATIONS), Type.Null()]),
    investigationState: Type.Literal('UnsupportedAlertType', {
      description: 'Nothing here investigates by itself.',
    }),
    detectionSource: Type.Literal('WindowsDefenderAv', {
      description: 'The word by which clients know what an antivirus found.',
    }),
    detectorId: Type.String({ description: 'The same for all alerts of antivirus scans.' }),
    category: Type.Literal('Malware'),
    threatFamilyName: NullableText,
    title: Type.String(),
    description: Type.String(),
    alertCreationTime: Type.String({
      description: 'Stays as it is however often the threat is found again.',
    }),
    firstEventTime: Type.String(),
    lastEventTime: Type.String({ description: 'When the threat was found last.' }),
    lastUpdateTime: Type.String({ description: 'When anything of the alert changed last.' }),
    resolvedTime: Type.Union([Type.String(), Type.Null()], { description: 'Null while the alert is open.' }),
    machineId: Type.String(),
    computerDnsName: NullableText,
    rbacGroupName: NullableText,
    aadTenantId: Type.String({ description: 'The tenant.' }),
    threatName: Type.Union([Type.String(), Type.Null()], {
      description: 'As the engine names it; safe to show.',
    }),
    mitreTechniques: Type.Array(Type.Never(), { maxItems: 0 }),
    relatedUser: Type.Union(
      [Type.Object({ userName: Type.String(), domainName: NullableText }), Type.Null()],
      {
        description: 'Who owns the file that was found last; null where files have no owner.',
      },
    ),
    comments: Type.Array(AlertComment),
    evidence: Type.Array(AlertEvidence, {
      description: 'Empty in a list that was not asked for it by `$expand=evidence`.',
    }),
  },
  {
    description:
      'A threat that scans found on a machine. There is one open alert for each machine, threat and file.',
  },
)
export type Alert = Static<typeof Alert>

const GivenText = Type.Optional(NullableText)

/**
 * Body of `PATCH /api/alerts/{id}`: what is to change. Microsoft's page prints some names with a capital letter in its
 * table and with a small one in its example; both are taken. Unknown members are ignored.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/update-alert
 */
export const UpdateAlertBody = Type.Object({
  status: GivenText,
  assignedTo: GivenText,
  classification: GivenText,
  determination: GivenText,
  comment: GivenText,
  Status: GivenText,
  Classification: GivenText,
  Determination: GivenText,
  Comment: GivenText,
})
export type UpdateAlertBody = Static<typeof UpdateAlertBody>

/** What a caller changes of an alert. Null takes an assignment, classification or determination away. */
export type AlertChange = {
  status?: AlertStatus | undefined
  assignedTo?: string | null | undefined
  classification?: AlertClassification | null | undefined
  determination?: AlertDetermination | null | undefined
  /** Added to those that are there. */
  comment?: string | undefined
}
