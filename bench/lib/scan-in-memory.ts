import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DEFAULT_SCAN_SETTINGS } from '@fleetsweep/protocol'
import type { Engine } from '../../packages/agent/src/engines/engine.ts'
import { createScanning, runAgentProgram } from '../../packages/agent/src/index.ts'
import { systemClock } from '../../packages/agent/src/os/system-clock.ts'
import { createScanRunner } from '../../packages/agent/src/scan/index.ts'

export type MemoryQuestion = { folder: string; workDir: string; ledgerDir: string }
export type MemoryAnswer = {
  metFiles: number
  folders: number
  /** Most that was resident at a time, and before the scan. */
  peakBytes: number
  idleBytes: number
  /** What the scan left in its folder. */
  workBytes: number
  scanMs: number
  longestStandstillMs: number
}

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

process.once('message', async ({ folder, workDir, ledgerDir }: MemoryQuestion) => {
  // The whole agent is loaded, as it is where a scan runs.
  const io = { stdout: () => {}, stderr: () => {}, stop: new AbortController().signal }
  const parts = { host: () => undefined, scanning: createScanning, clock: systemClock, random: Math.random }
  await runAgentProgram(['--version'], {}, io, parts)
  const idleBytes = process.memoryUsage.rss()
  mkdirSync(workDir)
  const standstill = monitorEventLoopDelay({ resolution: 10 })
  standstill.enable()
  const began = performance.now()
  const runScan = createScanRunner({
    engine,
    clock: systemClock,
    ledger: { folder: ledgerDir, bootId: async () => 'bench', osIdentity: async () => 'bench' },
    config: { fullRoots: [folder], quickPlaces: [] },
  })
  const { report } = await runScan({
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
  const answer: MemoryAnswer = {
    metFiles: report?.coverage?.met.files ?? 0,
    folders: report?.directories ?? 0,
    peakBytes: highWaterMark(),
    idleBytes,
    workBytes: readdirSync(workDir).reduce((sum, name) => sum + statSync(join(workDir, name)).size, 0),
    scanMs: performance.now() - began,
    longestStandstillMs: standstill.max / 1e6,
  }
  process.send?.(answer)
})

/** By the kernel's own account; nothing that lies between two looks is missed. */
function highWaterMark(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  if (kilobytes === undefined) throw new Error('The kernel does not tell how much memory was used.')
  return Number(kilobytes) * 1024
}
