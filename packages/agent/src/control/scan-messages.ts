import { Detection, SCAN_TYPES, ScanProgress, ScanReport } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'
import { ENDINGS } from '../journal/summary.ts'

/** Whoever is at the machine, as their own program says: the socket lets in root and the agent's own user alone. */
export const Requestor = Type.String({ minLength: 1, maxLength: 200 })

/** What `scan` asks of the running agent. */
export const ScanAsk = Type.Object(
  {
    scanType: Type.Enum(SCAN_TYPES),
    /** Of a `Custom` scan; else empty. */
    paths: Type.Array(Type.String({ pattern: '^/', maxLength: 4_096 }), { maxItems: 100 }),
    rescan: Type.Boolean(),
    requestor: Requestor,
  },
  { additionalProperties: false },
)
export type ScanAsk = Static<typeof ScanAsk>

/** What `scan --stop` asks. */
export const StopScansAsk = Type.Object({ requestor: Requestor }, { additionalProperties: false })
export type StopScansAsk = Static<typeof StopScansAsk>

/** What is told on the way; each detection once, unless whoever asked reads too slowly. */
export const ScanNews = Type.Union([
  Type.Object({ kind: Type.Literal('progress'), progress: ScanProgress }),
  Type.Object({ kind: Type.Literal('detection'), detection: Detection }),
])
export type ScanNews = Static<typeof ScanNews>

/** How it ended. */
export const ScanEnd = Type.Object({
  actionId: Type.String(),
  ending: Type.Enum(ENDINGS),
  sentence: Type.String(),
  report: Type.Union([ScanReport, Type.Null()]),
})
export type ScanEnd = Static<typeof ScanEnd>
