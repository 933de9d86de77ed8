// Scans a folder with a real engine, moves what it finds to quarantine, and kills itself at a step of that.
import { mkdirSync } from 'node:fs'
import { DEFAULT_SCAN_SETTINGS } from '@fleetsweep/protocol'
import { type ClamAvConfig, createClamAvEngine } from '../src/engines/index.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { createScanRunner } from '../src/scan/index.ts'
import { openTestQuarantine } from './open-test-quarantine.ts'

export type QuarantiningChildTask = {
  files: string
  workDir: string
  store: string
  engine: ClamAvConfig
  dieAt: string
}

const task: QuarantiningChildTask = JSON.parse(process.argv[2] ?? '{}')
const die = () => void process.kill(process.pid, 'SIGKILL')
// The agent's timers keep no process alive; in the agent its own work does.
setInterval(() => {}, 60_000)
mkdirSync(task.workDir, { mode: 0o700 })
const run = createScanRunner({
  engine: createClamAvEngine(task.engine, { clock: systemClock }),
  clock: systemClock,
  config: { fullRoots: [task.files] },
  quarantine: await openTestQuarantine(task.store, { onStep: (step) => step === task.dieAt && die() }),
})
await run({
  actionId: '00000000-0000-4000-8000-000000000001',
  scanType: 'Full',
  paths: [],
  settings: { ...DEFAULT_SCAN_SETTINGS, cpuCeilingPercent: 100, onDetection: 'quarantine' },
  attempt: 1,
  workDir: task.workDir,
  signal: new AbortController().signal,
  onStarted: () => {},
  onDetection: () => task.dieAt === 'told' && die(),
  onProgress: () => {},
})
