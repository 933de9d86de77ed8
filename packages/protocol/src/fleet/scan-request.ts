import { type Static, Type } from 'typebox'
import { SCAN_TYPES } from '../api/machine-action.ts'
import { PathText } from '../scan/scan-settings.ts'
import { MAX_SCAN_PATHS } from './scan-policy.ts'

const NullableText = Type.Union([Type.String(), Type.Null()])

/** Header that makes a call safe to repeat: the same key and body within a day get the same answer, and start nothing. */
export const IDEMPOTENCY_KEY_HEADER = 'idempotency-key'

/** Body of `POST /fleet/v1/machines/{id}/scans`. Members that are not known are refused: they would change what is scanned. */
export const RequestScanBody = Type.Object(
  {
    scanType: Type.Enum(SCAN_TYPES),
    paths: Type.Optional(
      Type.Array(PathText, {
        minItems: 1,
        maxItems: MAX_SCAN_PATHS,
        description:
          'What a `Custom` scan looks at: at most 8,000 characters together. Absent for the others.',
      }),
    ),
    rescan: Type.Optional(
      Type.Boolean({
        description: 'True reads every file again, also those known not to have changed. False when absent.',
      }),
    ),
    comment: Type.String({ description: 'Why; 1 to 4,000 characters, not blank.' }),
    externalId: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: "The caller's own id for correlation." }),
    ),
  },
  { additionalProperties: false },
)
export type RequestScanBody = Static<typeof RequestScanBody>

/** Answer of `POST /fleet/v1/machines/{id}/scans`: what was asked for, which never changes. Its state is the scan's. */
export const RequestedScan = Type.Object(
  {
    actionId: Type.String({
      description: 'Of the scan, which is also a machine action of the Defender API.',
    }),
    machineId: Type.String(),
    computerDnsName: NullableText,
    scanType: Type.Enum(SCAN_TYPES),
    paths: Type.Union([Type.Array(Type.String()), Type.Null()]),
    rescan: Type.Boolean(),
    requestor: Type.String(),
    comment: Type.String(),
    externalId: NullableText,
    requestedAt: Type.String(),
  },
  { description: 'A scan as it was asked for.' },
)
export type RequestedScan = Static<typeof RequestedScan>
