// Scans a folder with a real engine and notes each file that was judged, until it is killed.
import { appendFileSync } from 'node:fs'
import { DEFAULT_SCAN_SETTINGS } from '@fleetsweep/protocol'
import { createClamAvEngine } from '../src/engines/index.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { createScanRunner } from '../src/scan/index.ts'
import { hookEngine } from './engine-hooks.ts'

const [folder = '', workDir = '', log = '', config = '{}'] = process.argv.slice(2)
const engine = createClamAvEngine(JSON.parse(config), { clock: systemClock })
await engine.endLeftovers()
const run = createScanRunner({
  clock: systemClock,
  config: { fullRoots: [folder], quickPlaces: [] },
  engine: hookEngine(engine, {
    async afterJudge(path) {
      if (path.startsWith(folder)) appendFileSync(log, `${path}\n`)
    },
    // Slow enough to be killed in the midst of it.
    beforeJudge: () => new Promise((resolve) => setTimeout(resolve, 10)),
  }),
})
await run({
  actionId: '00000000-0000-4000-8000-000000000001',
  scanType: 'Full',
  paths: [],
  settings: { ...DEFAULT_SCAN_SETTINGS, cpuCeilingPercent: 100 },
  attempt: 2,
  workDir,
  signal: new AbortController().signal,
  onStarted: () => {},
  onDetection: () => {},
  onProgress: () => {},
})
// Held open until it is killed.
setInterval(() => {}, 60_000)
