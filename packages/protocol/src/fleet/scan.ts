import { type Static, Type } from 'typebox'
import { STOP_PROOFS } from '../agent/frame.ts'
import { MACHINE_ACTION_STATUSES, SCAN_TYPES } from '../api/machine-action.ts'
import { parseInstant } from '../instant.ts'
import { Detection } from '../scan/detection.ts'
import { ScanProgress } from '../scan/scan-progress.ts'
import { type Conclusion, conclude, ScanReport } from '../scan/scan-report.ts'
import { ScanSettings } from '../scan/scan-settings.ts'

const NullableText = Type.Union([Type.String(), Type.Null()])

/** A detection with where and when it was made. */
export const FleetDetection = Type.Intersect([
  Type.Object({
    id: Type.String(),
    actionId: Type.String(),
    alertId: Type.Union([Type.String(), Type.Null()], {
      description:
        'The alert that it opened or is part of; null for what was found before there were alerts.',
    }),
    machineId: Type.String(),
    computerDnsName: NullableText,
    detectedAt: Type.String({ description: 'When the server learned of it.' }),
  }),
  Detection,
])
export type FleetDetection = Static<typeof FleetDetection>

export const FleetDetectionList = Type.Object({ items: Type.Array(FleetDetection), nextCursor: NullableText })

/** Answer of `GET /fleet/v1/scans/{actionId}`: what a machine action cannot say. */
export const Scan = Type.Object(
  {
    actionId: Type.String(),
    machineId: Type.String(),
    computerDnsName: NullableText,
    status: Type.Enum(MACHINE_ACTION_STATUSES),
    scanType: Type.Enum(SCAN_TYPES),
    paths: Type.Union([Type.Array(Type.String()), Type.Null()], {
      description: 'What a `Custom` scan looks at; null for the others.',
    }),
    rescan: Type.Boolean({
      description: 'True: every file is read again, also those known not to have changed.',
    }),
    settings: Type.Union([ScanSettings, Type.Null()], {
      description:
        "What was sent with the order, by the policy of the machine's device group then; null before it was sent.",
    }),
    requestedAt: Type.String(),
    acceptedAt: NullableText,
    startedAt: NullableText,
    endedAt: NullableText,
    attempts: Type.Integer({
      minimum: 0,
      description: '0 until the machine starts; more than 1 when it was interrupted and began again.',
    }),
    waitingFor: Type.Union([Type.String(), Type.Null()], {
      description: 'Why nothing moves, in one sentence; null while something does or the action has ended.',
    }),
    progress: Type.Union([ScanProgress, Type.Null()]),
    report: Type.Union([ScanReport, Type.Null()], {
      description: 'Null until the scan ends, and where a machine never reported.',
    }),
    reportedLate: Type.Boolean({
      description: 'True when the report came after the action had already ended otherwise.',
    }),
    conclusion: Type.Union([
      Type.Object({
        word: Type.Union([Type.Literal('clean'), Type.Literal('nothingFound'), Type.Literal('threatsFound')]),
        sentence: Type.String(),
      }),
      Type.Null(),
    ]),
    detections: Type.Array(FleetDetection),
    stop: Type.Union(
      [
        Type.Object({
          orderedAt: Type.String(),
          provenAt: NullableText,
          proof: Type.Union([Type.Enum(STOP_PROOFS), Type.Null()]),
          /** By the machine: from reading the order to the proof. */
          stoppedWithinMs: Type.Union([Type.Integer(), Type.Null()]),
        }),
        Type.Null(),
      ],
      {
        description:
          'Set for a cancelled scan: a stop is owed until the machine proves that its engine works no more.',
      },
    ),
  },
  { description: 'A scan with its progress and report, under the id of its machine action.' },
)
export type Scan = Static<typeof Scan>

/**
 * What may be said of a scan in one word, by everything that shows one.
 *
 * @returns null unless the scan succeeded: the report of one that was stopped half-way counts only the files that it
 * came to, so "none left out" would mean nothing
 */
export function conclusionOf(scan: Pick<Scan, 'status' | 'report' | 'endedAt'>): Conclusion | null {
  const endedAt = scan.endedAt === null ? undefined : parseInstant(scan.endedAt)
  if (scan.status !== 'Succeeded' || scan.report === null || endedAt === undefined) return null
  return conclude(scan.report, endedAt)
}
