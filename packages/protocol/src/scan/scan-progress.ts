import { type Static, Type } from 'typebox'

export const SCAN_PHASES = [
  'waiting',
  'loadingEngine',
  'selfTest',
  'walking',
  'scanning',
  'paused',
  'stopping',
  'ended',
] as const
export type ScanPhase = (typeof SCAN_PHASES)[number]

/** How far a scan is. Totals are exact from the phase `scanning` on; `percent` never goes backwards within an attempt. */
export const ScanProgress = Type.Object({
  phase: Type.Enum(SCAN_PHASES),
  attempt: Type.Integer({ minimum: 1 }),
  filesTotal: Type.Integer({ minimum: 0 }),
  filesDone: Type.Integer({ minimum: 0 }),
  bytesTotal: Type.Integer({ minimum: 0 }),
  bytesDone: Type.Integer({ minimum: 0 }),
  percent: Type.Number({
    minimum: 0,
    maximum: 100,
    description: '0 to 100, weighted by the cost of each file.',
  }),
  detections: Type.Integer({ minimum: 0 }),
  etaMs: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
    description: 'Left, as far as it can be told; null before it can.',
  }),
  because: Type.Optional(
    Type.String({
      maxLength: 300,
      description: 'Why it waits or is paused, in one sentence; absent while it moves.',
    }),
  ),
})
export type ScanProgress = Static<typeof ScanProgress>
