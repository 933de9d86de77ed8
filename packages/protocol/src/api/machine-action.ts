import { type Static, Type } from 'typebox'
import { GuidPattern } from '../ids.ts'

export const MACHINE_ACTION_STATUSES = [
  'Pending',
  'InProgress',
  'Succeeded',
  'Failed',
  'TimeOut',
  'Cancelled',
] as const

/** Spelled as on the wire; clients compare these words exactly. */
export type MachineActionStatus = (typeof MACHINE_ACTION_STATUSES)[number]

const NEXT: Record<MachineActionStatus, readonly MachineActionStatus[]> = {
  Pending: ['InProgress', 'Failed', 'TimeOut', 'Cancelled'],
  InProgress: ['Succeeded', 'Failed', 'TimeOut', 'Cancelled'],
  Succeeded: [],
  Failed: [],
  TimeOut: [],
  Cancelled: [],
}

/** True when a machine action may move from one status to another; final statuses never move. */
export function canMove(from: MachineActionStatus, to: MachineActionStatus): boolean {
  return NEXT[from].includes(to)
}

/** True for a status that never changes again. One that this version does not know is not taken for final. */
export function isFinal(status: MachineActionStatus): boolean {
  return MACHINE_ACTION_STATUSES.some((known) => known === status && NEXT[known].length === 0)
}

/** HTTP 408 as an HRESULT: what an action carries that no machine answered in time. */
export const HRESULT_TIMED_OUT = -2145844840
/** E_ABORT: what a cancelled action carries. */
export const HRESULT_CANCELLED = -2147467260
/** E_FAIL: what a failed action carries. */
export const HRESULT_FAILED = -2147467259

/** What the Defender API can ask for. */
export const DEFENDER_SCAN_TYPES = ['Quick', 'Full'] as const
export type DefenderScanType = (typeof DEFENDER_SCAN_TYPES)[number]

/** All scans: `Custom`, of named paths, is asked for through the Fleet API. */
export const SCAN_TYPES = [...DEFENDER_SCAN_TYPES, 'Custom'] as const
export type ScanType = (typeof SCAN_TYPES)[number]

/** Reads a scan type in any case, as clients write it; `undefined` when it is neither Quick nor Full. */
export function readScanType(text: string): DefenderScanType | undefined {
  return DEFENDER_SCAN_TYPES.find((type) => type.toLowerCase() === text.toLowerCase())
}

const NullableText = Type.Union([Type.String(), Type.Null()])

/**
 * A machine action as the Defender API shows it; properties stand in the order of the wire.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/machineaction
 */
export const MachineAction = Type.Object(
  {
    id: Type.String({ pattern: GuidPattern, description: 'A GUID.' }),
    type: Type.Literal('RunAntiVirusScan', { description: 'What the machine is to do.' }),
    title: Type.Union([Type.String(), Type.Null()], { description: 'Always null.' }),
    requestor: Type.String({
      description: "The application's display name, or the person's user principal name.",
    }),
    requestorComment: Type.String({ description: 'Why, in the words of whoever asked.' }),
    status: Type.Enum(MACHINE_ACTION_STATUSES, {
      description:
        '`Pending` until the machine takes it, `InProgress` until it ends. The other four are final.',
    }),
    machineId: Type.String({ description: 'The machine that is to do it.' }),
    computerDnsName: Type.Union([Type.String(), Type.Null()], { description: 'Its name when it was asked.' }),
    creationDateTimeUtc: Type.String({ description: 'When it was asked for, ISO 8601 in UTC.' }),
    lastUpdateDateTimeUtc: Type.String({ description: 'When anything of the action changed last.' }),
    cancellationRequestor: Type.Union([Type.String(), Type.Null()], {
      description: 'Who cancelled it; null unless somebody did.',
    }),
    cancellationComment: Type.Union([Type.String(), Type.Null()], { description: 'Why it was cancelled.' }),
    cancellationDateTimeUtc: Type.Union([Type.String(), Type.Null()], {
      description: 'When it was cancelled.',
    }),
    errorHResult: Type.Integer({ description: 'Signed 32-bit; 0 while nothing went wrong.' }),
    scope: Type.Union([Type.String(), Type.Null()], { description: 'The scan type.' }),
    externalId: Type.Union([Type.String(), Type.Null()], {
      description: "The caller's own id for correlation.",
    }),
    requestSource: Type.Union([Type.Literal('PublicApi'), Type.Literal('Portal')], {
      description: '`Portal` for what a person asked in the console, `PublicApi` for anything else.',
    }),
    relatedFileInfo: Type.Null({ description: 'Always null: no action here is about one file.' }),
    commands: Type.Array(Type.Never(), {
      maxItems: 0,
      description: 'Always empty: no action here has commands.',
    }),
    troubleshootInfo: Type.Union([Type.String(), Type.Null()], {
      description:
        'One sentence: what the scan found and left out, or why the action failed. Set when the action ends.',
    }),
  },
  { description: 'One request for a machine to do something.' },
)
export type MachineAction = Static<typeof MachineAction>

/** Body of `POST /api/machines/{id}/runAntiVirusScan`. Names are case-sensitive; unknown members are ignored. */
export const RunAntivirusScanBody = Type.Object({
  Comment: Type.String({
    description: '1 to 4,000 characters, not blank.',
    examples: ['Check machine for viruses due to alert 3212'],
  }),
  ScanType: Type.String({ description: '`Quick` or `Full`, in any case.', examples: ['Quick'] }),
  ExternalId: Type.Optional(NullableText),
})
export type RunAntivirusScanBody = Static<typeof RunAntivirusScanBody>

/** Body of `POST /api/machineactions/{id}/cancel`. */
export const CancelMachineActionBody = Type.Object({ Comment: Type.Optional(NullableText) })
export type CancelMachineActionBody = Static<typeof CancelMachineActionBody>
