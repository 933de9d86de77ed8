import { type Static, Type } from 'typebox'
import { LazySchema } from '../../kit/lazy-schema.ts'
import { parsePowerShellList, parsePowerShellMoment } from './decode-output.ts'
import { readThreatPlaces, type ThreatPlace } from './threat-resource.ts'

/**
 * One threat in one place, as Defender tells it. `quarantined` only where it says that it did so, and that it worked.
 */
export type DefenderDetection = ThreatPlace & { threatName: string; quarantined: boolean }

const List = Type.Array(
  Type.Object({
    ThreatID: Type.Integer(),
    Resources: Type.Union([Type.Array(Type.String()), Type.String(), Type.Null()]),
    InitialDetectionTime: Type.String(),
    LastThreatStatusChangeTime: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    ThreatStatusID: Type.Integer(),
    ActionSuccess: Type.Boolean(),
  }),
)
const Names = Type.Array(Type.Object({ ThreatID: Type.Integer(), ThreatName: Type.String({ minLength: 1 }) }))
const detections = new LazySchema(List)
const names = new LazySchema(Names)

/** MP_THREAT_STATUS_QUARANTINED: https://learn.microsoft.com/en-us/windows/win32/lwef/mpthreat-status */
const QUARANTINED = 3

/**
 * What Defender found since a moment, from `Get-MpThreatDetection` and `Get-MpThreat`.
 *
 * A threat without a name is called by its number. A threat that was known before and found again counts by the time
 * at which its status changed last.
 *
 * @param sinceMs the start of the scan by the machine's own clock, in milliseconds since the epoch
 * @returns `undefined` when either output cannot be read: then nobody knows what was found
 * @see https://learn.microsoft.com/en-us/previous-versions/windows/desktop/defender/msft-mpthreatdetection
 */
export function readThreatDetections(
  output: { detections: Uint8Array; threats: Uint8Array },
  sinceMs: number,
): DefenderDetection[] | undefined {
  const found = parsePowerShellList(output.detections)
  const threats = parsePowerShellList(output.threats)
  if (!detections.Check(found) || !names.Check(threats)) return undefined
  const moments = found.map(lastMoment)
  if (moments.includes(undefined)) return undefined
  const nameOf = new Map(threats.map(({ ThreatID, ThreatName }) => [ThreatID, ThreatName]))
  return found
    .filter((_entry, i) => (moments[i] ?? 0) >= sinceMs)
    .flatMap(({ ThreatID, Resources, ThreatStatusID, ActionSuccess }) =>
      placesOf(Resources).map((place) => ({
        ...place,
        threatName: nameOf.get(ThreatID) ?? `Threat ${ThreatID}`,
        quarantined: ThreatStatusID === QUARANTINED && ActionSuccess,
      })),
    )
}

function lastMoment(entry: Static<typeof List>[number]): number | undefined {
  const first = parsePowerShellMoment(entry.InitialDetectionTime)
  const changed = parsePowerShellMoment(entry.LastThreatStatusChangeTime ?? '')
  return first === undefined ? undefined : Math.max(first, changed ?? first)
}

/** ConvertTo-Json writes a list of one as it is, or as its only entry, by the version of PowerShell. */
function placesOf(resources: string | readonly string[] | null): ThreatPlace[] {
  return readThreatPlaces([resources ?? []].flat())
}
