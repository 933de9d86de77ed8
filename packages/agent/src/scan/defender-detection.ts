import { type BigIntStats, lstatSync } from 'node:fs'
import { type Detection, type FilePath, renderFilePath } from '@fleetsweep/protocol'
import type { DefenderDetection } from '../engines/index.ts'
import { isWindowsPath, renderWindowsPath } from '../os/windows-path.ts'
import { isoTime } from './detection.ts'

/**
 * Describes what Defender found. The file is looked at and never opened: what it holds is for Defender to judge, which
 * may have taken it away by now.
 */
export function describeDefenderThreat(threat: DefenderDetection): Detection {
  const stats = threat.isFile ? statsOf(threat.path) : undefined
  return {
    threatName: threat.threatName.replace(/\p{Cc}/gu, '?').slice(0, 512),
    path: rendered(threat.path),
    innerPath: threat.innerPath === null ? null : rendered(threat.innerPath),
    sha256: null,
    sizeBytes: stats?.isFile() ? Number(stats.size) : 0,
    owner: null,
    modifiedAt: stats ? isoTime(stats.mtimeNs) : null,
    changedAt: stats ? isoTime(stats.ctimeNs) : null,
    disposition: threat.quarantined ? 'quarantined' : 'reported',
  }
}

function rendered(path: string): FilePath {
  return isWindowsPath(path) ? renderWindowsPath(path) : renderFilePath(Buffer.from(path))
}

function statsOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true })
  } catch {
    // Gone, mostly because Defender has removed it.
    return undefined
  }
}
