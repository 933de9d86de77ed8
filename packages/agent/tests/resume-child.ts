// Scans a folder with a real engine, notes each file that is handed to it and each that was judged, and prints how it
// ended, unless it is killed before.
import { appendFileSync } from 'node:fs'
import { DEFAULT_SCAN_SETTINGS } from '@fleetsweep/protocol'
import { type ClamAvConfig, createClamAvEngine } from '../src/engines/index.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { createScanRunner } from '../src/scan/index.ts'
import { hookEngine } from './engine-hooks.ts'

export type ResumeChildTask = {
  folder: string
  workDir: string
  /** Gets a line for each file: `begin`, `end` or `threat`, a blank, its path. */
  log: string
  attempt: number
  engine: ClamAvConfig
}

const task: ResumeChildTask = JSON.parse(process.argv[2] ?? '{}')
const note = (what: string, path: string) => {
  if (path.startsWith(task.folder)) appendFileSync(task.log, `${what} ${path}\n`)
}
// The agent's timers keep no process alive; in the agent its own work does.
const alive = setInterval(() => {}, 60_000)
await using engine = createClamAvEngine(task.engine, { clock: systemClock })
await engine.endLeftovers()
const run = createScanRunner({
  clock: systemClock,
  config: { fullRoots: [task.folder], quickPlaces: [] },
  engine: hookEngine(engine, {
    async beforeJudge(path) {
      note('begin', path)
      // Slow enough to be killed in the midst of it.
      await new Promise((resolve) => setTimeout(resolve, 10))
    },
    afterJudge: (path) => note('end', path),
  }),
})
const outcome = await run({
  actionId: '00000000-0000-4000-8000-000000000001',
  scanType: 'Full',
  paths: [],
  settings: { ...DEFAULT_SCAN_SETTINGS, cpuCeilingPercent: 100 },
  attempt: task.attempt,
  workDir: task.workDir,
  signal: new AbortController().signal,
  onStarted: () => {},
  onDetection: ({ path }) => note('threat', path.text),
  onProgress: () => {},
})
process.stdout.write(JSON.stringify(outcome))
clearInterval(alive)
