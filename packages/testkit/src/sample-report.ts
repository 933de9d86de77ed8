import type {
  Coverage,
  Detection,
  EngineInfo,
  Inventory,
  ScanReport,
  ScanType,
  Tally,
} from '@fleetsweep/protocol'

/** An engine with test signatures. */
export const sampleEngine: EngineInfo = {
  name: 'ClamAV',
  version: '1.4.6',
  signatures: { official: false, version: null, builtAt: null, count: 3, identity: 'c0'.repeat(32) },
  limits: {
    maxFileSizeBytes: 512 * 1024 * 1024,
    maxScanSizeBytes: 2_048 * 1024 * 1024,
    maxScanTimeMs: 120_000,
  },
}

/** The same as an inventory tells it. */
export const sampleInventoryEngine: Inventory['engine'] = {
  name: sampleEngine.name,
  version: sampleEngine.version,
  state: 'ready',
  signatures: sampleEngine.signatures,
}

/** A detection at a path. */
export function sampleDetection(path = '/tmp/eicar.com'): Detection {
  return {
    threatName: 'Eicar-Test-Signature',
    path: { text: path },
    innerPath: null,
    sha256: '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f',
    sizeBytes: 68,
    owner: 'root',
    modifiedAt: '2026-01-01T00:00:00Z',
    changedAt: '2026-01-01T00:00:00Z',
    disposition: 'reported',
  }
}

/** A report whose counts add up: `scanned` files read, none left out. */
export function sampleReport(
  changes: Partial<ScanReport> & { scanType?: ScanType } = {},
  scanned = 10,
): ScanReport {
  return {
    scanType: 'Quick',
    attempts: 1,
    durationMs: 1_000,
    engine: sampleEngine,
    coverage: sampleCoverage(scanned),
    notScannedSamples: [],
    detections: 0,
    symlinksNotFollowed: 0,
    directories: 1,
    directoriesUnreadable: [],
    directoriesUnreadableCount: 0,
    mountsSkipped: [],
    cuts: [],
    ...changes,
  }
}

/** Everything met was scanned, each file a kilobyte. */
export function sampleCoverage(scanned: number): Coverage {
  const all: Tally = { files: scanned, bytes: scanned * 1_024 }
  return { met: all, scanned: all, unchanged: zero, duplicate: zero, notScanned: nothingLeftOut }
}

const zero: Tally = { files: 0, bytes: 0 }
const nothingLeftOut: Coverage['notScanned'] = {
  tooLarge: zero,
  engineLimit: zero,
  unreadable: zero,
  vanished: zero,
  changedWhileScanning: zero,
  specialFile: zero,
  excluded: zero,
  timedOut: zero,
  encrypted: zero,
  engineError: zero,
  cancelled: zero,
}
