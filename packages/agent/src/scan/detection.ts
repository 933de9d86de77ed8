import { createHash } from 'node:crypto'
import { type BigIntStats, fstatSync, read } from 'node:fs'
import { promisify } from 'node:util'
import { type Detection, formatInstant, instantFromMs, renderFilePath } from '@fleetsweep/protocol'
import { markOf } from './judge-file.ts'

const readAt = promisify(read)
const CHUNK_BYTES = 1024 * 1024

/** Describes a threat in an open file. */
export async function describeThreat(threat: {
  threatName: string
  path: Buffer
  descriptor: number
  /** From before the engine read it. */
  stats: BigIntStats
  ownerNames: ReadonlyMap<number, string>
  signal: AbortSignal
}): Promise<Detection> {
  const { stats, descriptor } = threat
  const sha256 = await hashFile(descriptor, threat.signal)
  const isUnchanged = markOf(fstatSync(descriptor, { bigint: true })) === markOf(stats)
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

/** From the descriptor that was judged: the path may lead elsewhere by now. */
async function hashFile(descriptor: number, signal: AbortSignal): Promise<string | null> {
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  try {
    for (let position = 0; !signal.aborted; ) {
      const { bytesRead } = await readAt(descriptor, chunk, 0, CHUNK_BYTES, position)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(chunk.subarray(0, bytesRead))
      position += bytesRead
    }
  } catch {
    // The disk gave it to the engine and not to us: the threat is told without its hash.
  }
  return null
}

/** Null for a time that no calendar holds: a file's may be set to anything. */
function isoTime(ns: bigint): string | null {
  const ms = Number(ns) / 1e6
  const isInRange = ms > Date.UTC(0, 0) && ms < Date.UTC(9999, 11, 31)
  return isInRange ? formatInstant(instantFromMs(ms)) : null
}
