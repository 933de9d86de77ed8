import { type BigIntStats, fstatSync } from 'node:fs'
import { type Detection, formatInstant, instantFromMs, renderFilePath } from '@fleetsweep/protocol'
import { isSame } from './file-mark.ts'
import { hashFile } from './same-content.ts'

/** Describes a threat in an open file. */
export async function describeThreat(threat: {
  threatName: string
  path: Buffer
  descriptor: number
  /** From before the engine read it. */
  stats: BigIntStats
  ownerNames: ReadonlyMap<number, string>
  /** Where it is known already. */
  sha256: string | undefined
  signal: AbortSignal
}): Promise<Detection> {
  const { stats, descriptor } = threat
  // From the descriptor that was judged: the path may lead elsewhere by now.
  const sha256 = threat.sha256 ?? (await hashFile(descriptor, stats.size, threat.signal))
  const isUnchanged = isSame(fstatSync(descriptor, { bigint: true }), stats)
  const uid = Number(stats.uid)
  return {
    threatName: threat.threatName.replace(/\p{Cc}/gu, '?').slice(0, 512),
    path: renderFilePath(threat.path),
    // clamd names what it found, not where inside.
    innerPath: null,
    sha256: isUnchanged ? sha256 : null,
    sizeBytes: Number(stats.size),
    owner: (threat.ownerNames.get(uid) ?? String(uid)).slice(0, 256),
    modifiedAt: isoTime(stats.mtimeNs),
    changedAt: isoTime(stats.ctimeNs),
    disposition: 'reported',
  }
}

/** Null for a time that no calendar holds: a file's may be set to anything. */
export function isoTime(ns: bigint): string | null {
  const ms = Number(ns) / 1e6
  const isInRange = ms > Date.UTC(0, 0) && ms < Date.UTC(9999, 11, 31)
  return isInRange ? formatInstant(instantFromMs(ms)) : null
}
