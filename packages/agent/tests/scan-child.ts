// Scans a folder as another user, with an engine that calls everything clean, and prints how it ended.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_SCAN_SETTINGS } from '@fleetsweep/protocol'
import { buildEngine } from '@fleetsweep/testkit'
import { systemClock } from '../src/os/system-clock.ts'
import { createScanRunner } from '../src/scan/index.ts'

const [folder = '', uid = ''] = process.argv.slice(2)
if (uid !== '') {
  process.setgroups?.([])
  process.setgid?.(Number(uid))
  process.setuid?.(Number(uid))
}
const workDir = mkdtempSync(join(tmpdir(), 'fleetsweep-work-'))
const run = createScanRunner({
  clock: systemClock,
  config: { fullRoots: [folder] },
  engine: {
    inspect: async () => ({ name: 'none', version: null, state: 'ready', signatures: null }),
    open: async () => ({
      info: buildEngine(),
      window: 4,
      ownFolders: [],
      judge: async () => ({ kind: 'clean' }),
      stop: async () => 'queueEmpty',
      [Symbol.asyncDispose]: async () => {},
    }),
    [Symbol.asyncDispose]: async () => {},
  },
})
const outcome = await run({
  actionId: 'any',
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
rmSync(workDir, { recursive: true })
process.stdout.write(JSON.stringify(outcome))
