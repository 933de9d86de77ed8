// How much CPU a scan uses under a ceiling, over a minute of work that never ends by itself: the agent's own process and
// its real clamd together, against the same work without a ceiling in the same run.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_SCAN_SETTINGS } from '@fleetsweep/protocol'
import { tool } from '@fleetsweep/testkit'
import type { EngineBrake } from '../packages/agent/src/engines/engine.ts'
import { createClamAvEngine } from '../packages/agent/src/engines/index.ts'
import { systemClock } from '../packages/agent/src/os/system-clock.ts'
import { createScanRunner } from '../packages/agent/src/scan/index.ts'
import { round } from './lib/statistics.ts'

const CEILING_PERCENT = 25
const SECONDS = 60
const UNBOUND_SECONDS = 15
const FILES = 200
const FILE_BYTES = 400 * 1024 * 1024

const root = mkdtempSync(join(tmpdir(), 'fleetsweep-bench-'))
try {
  const files = join(root, 'files')
  mkdirSync(files)
  // Holes cost no disk and much matching; each begins otherwise, so that the engine knows none of them already.
  for (let at = 0; at < FILES; at++) {
    writeFileSync(join(files, `file-${at}`), `content ${at}`)
    truncateSync(join(files, `file-${at}`), FILE_BYTES)
  }
  const bound = await measure(files, CEILING_PERCENT, SECONDS)
  const unbound = await measure(files, 100, UNBOUND_SECONDS)
  console.log(
    JSON.stringify({
      bench: 'cpu-ceiling',
      ratio: round(bound.percent / CEILING_PERCENT),
      ceilingPercent: CEILING_PERCENT,
      percent: bound.percent,
      worstTenSeconds: bound.worstTenSeconds,
      unboundPercent: unbound.percent,
      seconds: SECONDS,
      cores: availableParallelism(),
      stoppedWithinMs: [bound.stoppedWithinMs, unbound.stoppedWithinMs],
    }),
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function measure(files: string, cpuCeilingPercent: number, seconds: number) {
  const clamd = tool('clamd')
  await using engine = createClamAvEngine(
    {
      runtimeDir: join(root, 'engine'),
      clamdPath: clamd.path,
      env: clamd.env,
      databaseDir: tool('signatures').path,
    },
    { clock: systemClock },
  )
  const stop = new AbortController()
  const { promise: started, resolve } = Promise.withResolvers<EngineBrake | undefined>()
  const run = createScanRunner({
    engine: {
      inspect: () => engine.inspect(),
      async open(options) {
        const session = await engine.open(options)
        resolve(session.brake)
        return session
      },
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    },
    clock: systemClock,
    config: { fullRoots: [files], quickPlaces: [] },
  })
  const workDir = mkdtempSync(join(root, 'work-'))
  const scan = run({
    actionId: '00000000-0000-4000-8000-000000000001',
    scanType: 'Full',
    paths: [],
    settings: { ...DEFAULT_SCAN_SETTINGS, cpuCeilingPercent },
    attempt: 1,
    workDir,
    signal: stop.signal,
    onStarted: () => {},
    onDetection: () => {},
    onProgress: () => {},
  })
  const brake = await started
  const used = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000 + (brake?.usedCpuMs() ?? 0)
  }
  const share = (ms: number, wallMs: number) => round((ms / wallMs / availableParallelism()) * 100)
  const [beganMs, usedBefore] = [performance.now(), used()]
  const parts: number[] = []
  for (let second = 0; second < seconds; second += 5) {
    const [atMs, before] = [performance.now(), used()]
    await new Promise((wake) => setTimeout(wake, 5_000))
    parts.push(share(used() - before, performance.now() - atMs))
    console.log(`ceiling ${cpuCeilingPercent} %: ${parts.at(-1)} %`)
  }
  const percent = share(used() - usedBefore, performance.now() - beganMs)
  stop.abort()
  const outcome = await scan
  if (outcome.kind !== 'stopped') throw new Error(`The work came to its end: ${JSON.stringify(outcome)}`)
  const tens = parts.slice(1).map((part, index) => (part + (parts[index] ?? part)) / 2)
  return {
    percent,
    worstTenSeconds: round(Math.max(...tens)),
    stoppedWithinMs: outcome.stoppedWithinMs,
  }
}
