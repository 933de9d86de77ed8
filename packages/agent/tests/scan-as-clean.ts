import { DEFAULT_SCAN_SETTINGS } from '@fleetsweep/protocol'
import type { Engine } from '../src/engines/engine.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { createScanRunner, type ScanOutcome } from '../src/scan/index.ts'

/** Takes no time and calls everything clean: what is left is the scan itself. */
const engine: Engine = {
  inspect: async () => ({ name: 'none', version: null, state: 'ready', signatures: null }),
  open: async () => ({
    info: {
      name: 'none',
      version: '1',
      signatures: { official: false, version: null, builtAt: null, count: 1, identity: '0'.repeat(64) },
      limits: { maxFileSizeBytes: 1e9, maxScanSizeBytes: 1e9, maxScanTimeMs: 60_000 },
    },
    window: 4,
    ownFolders: [],
    judge: async () => ({ kind: 'clean' }),
    stop: async () => 'queueEmpty',
    [Symbol.asyncDispose]: async () => {},
  }),
  [Symbol.asyncDispose]: async () => {},
}

/** Scans a folder by a full scan with an engine that calls everything clean. */
export function scanAsClean(of: {
  folder: string
  workDir: string
  /** Without one nothing is remembered. */
  ledgerDir?: string | undefined
  clock?: typeof systemClock
}): Promise<ScanOutcome> {
  const { folder, workDir, ledgerDir, clock = systemClock } = of
  const run = createScanRunner({
    engine,
    clock,
    ...(ledgerDir && {
      ledger: { folder: ledgerDir, bootId: async () => 'boot', osIdentity: async () => 'this machine' },
    }),
    config: { fullRoots: [folder], quickPlaces: [] },
  })
  return run({
    actionId: '00000000-0000-4000-8000-000000000001',
    scanType: 'Full',
    paths: [],
    settings: { ...DEFAULT_SCAN_SETTINGS, cpuCeilingPercent: 100 },
    attempt: 1,
    workDir,
    signal: new AbortController().signal,
    onStarted: () => {},
    onDetection: () => {},
    onProgress: () => {},
  })
}
