// How long a stop takes: from the call that cancels a running scan, over server and gateway, until the engine is seen to
// be idle by looks of our own. Half of the scans are stopped while the engine is in the middle of one huge file (in turn
// a plain one of 511 MiB and an archive that unpacks to 1.9 GB; either takes it seconds), half among many files.
//
//     npm run bench -- stop [--stops 100]
import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { until, zip } from '@fleetsweep/testkit'
import { askClamd, isIdle } from '../packages/agent/src/engines/clamav/ask-clamd.ts'
import { identifyProcess, isSameProcess } from '../packages/agent/src/os/process-identity.ts'
import { systemClock } from '../packages/agent/src/os/system-clock.ts'
import { LiveMachine } from './lib/live-machine.ts'
import { workDone } from './lib/process-use.ts'
import { quantile, round } from './lib/statistics.ts'

const LIMIT_MS = 2_000
const MIB = 1024 * 1024
/** The agent's own bound for one file is 512 MiB. */
const HUGE_BYTES = 511 * MIB
const MEMBERS = 5
const MEMBER_BYTES = 400_000_000
const MANY_FILES = 4_000
const MANY_FILES_BYTES = 2 * MIB
/** A stop comes up to so long after the engine was seen to be at work. */
const LATEST_STOP_MS = 1_500
/** An idle engine that was asked for its STATS uses less than this in that time. */
const REST = { duringMs: 100, cpuMs: 10 }

type Target = 'hugeFile' | 'hugeArchive' | 'manyFiles'
type Stop = { target: Target; cancelledMs: number; idleMs: number; provenMs: number; engine: 'gone' | 'idle' }

const { values } = parseArgs({ options: { stops: { type: 'string', default: '100' } } })
const count = Number(values.stops)

const root = mkdtempSync(join(tmpdir(), 'fleetsweep-bench-'))
try {
  const targets = makeTargets()
  await using machine = await LiveMachine.start(root, { scan: 'quickPlaces = []' })
  await machine.untilConnected()
  const stops: Stop[] = []
  for (let at = 0; at < count; at++) {
    const target = (['hugeFile', 'manyFiles', 'hugeArchive', 'manyFiles'] as const)[at % 4] ?? 'manyFiles'
    const stop = await stopOne(machine, target, targets[target])
    stops.push(stop)
    console.log(`${at + 1}/${count}`, JSON.stringify(stop))
  }
  const huge = stops.filter(({ target }) => target !== 'manyFiles')
  const p99 = quantile(
    stops.map(({ idleMs }) => idleMs),
    0.99,
  )
  console.log(
    JSON.stringify({
      bench: 'stop',
      ratio: round(p99 / LIMIT_MS),
      limitMs: LIMIT_MS,
      stops: stops.length,
      untilIdleMs: spread(stops.map(({ idleMs }) => idleMs)),
      untilIdleInHugeFileMs: spread(huge.map(({ idleMs }) => idleMs)),
      untilCancelledMs: spread(stops.map(({ cancelledMs }) => cancelledMs)),
      untilProofIsToldMs: spread(stops.map(({ provenMs }) => provenMs)),
      enginesEnded: stops.filter(({ engine }) => engine === 'gone').length,
    }),
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}

/** Holes cost no disk and much matching; each file begins otherwise, so that none is known from another. */
function makeTargets(): Record<Target, string> {
  const targets = {
    hugeFile: join(root, 'huge.bin'),
    hugeArchive: join(root, 'huge.zip'),
    manyFiles: join(root, 'many'),
  }
  writeSparse(targets.hugeFile, 'huge', HUGE_BYTES)
  const members = Array.from({ length: MEMBERS }, (_, at) => ({
    name: `member-${at}`,
    content: Buffer.alloc(MEMBER_BYTES, `content ${at} `),
  }))
  writeFileSync(targets.hugeArchive, zip(members))
  mkdirSync(targets.manyFiles)
  for (let at = 0; at < MANY_FILES; at++)
    writeSparse(join(targets.manyFiles, `${at}`), `content ${at}`, MANY_FILES_BYTES)
  return targets
}

function writeSparse(path: string, beginning: string, bytes: number): void {
  writeFileSync(path, beginning)
  truncateSync(path, bytes)
}

async function stopOne(machine: LiveMachine, target: Target, path: string): Promise<Stop> {
  const { client, machineId, fleet } = machine
  const { actionId } = await client.requestScan(machineId, {
    scanType: 'Custom',
    paths: [path],
    rescan: true,
    comment: 'Benchmark',
  })
  const engine = await until(async () => {
    const { engine } = fleet
    return engine && (await isAtWork(engine.socketPath)) && engine
  }, 'the engine worked on a file')
  const identity = identifyProcess(engine.pid)
  await delay(randomInt(LATEST_STOP_MS))
  if (!(await isAtWork(engine.socketPath))) throw new Error(`The engine was through with ${path} by then.`)
  const begunMs = performance.now()
  const since = () => Math.round(performance.now() - begunMs)
  const idle = untilIdle(() => identity && isSameProcess(identity, identifyProcess(engine.pid)), engine)
  const { status } = await client.cancelMachineAction(actionId, 'Benchmark')
  if (status !== 'Cancelled') throw new Error(`The scan is ${status}.`)
  const cancelledMs = since()
  const proven = until(async () => (await client.getScan(actionId)).stop?.proof, 'the stop was proved', {
    everyMs: 20,
  })
  const [{ atMs, how }] = await Promise.all([idle, proven])
  return { target, cancelledMs, idleMs: Math.round(atMs - begunMs), provenMs: since(), engine: how }
}

async function isAtWork(socketPath: string): Promise<boolean> {
  const stats = await askStats(socketPath)
  return stats !== undefined && !isIdle(stats)
}

/** Looks until the engine is gone, or at rest by its own word and by what it uses; the moment of that look counts. */
async function untilIdle(
  isAlive: () => boolean | undefined,
  { pid, socketPath }: { pid: number; socketPath: string },
): Promise<{ atMs: number; how: Stop['engine'] }> {
  return until(
    async () => {
      const atMs = performance.now()
      if (!isAlive()) return { atMs, how: 'gone' } as const
      const stats = await askStats(socketPath)
      if (stats === undefined || !isIdle(stats)) return false
      const before = workDone(pid)
      await delay(REST.duringMs)
      return workDone(pid).cpuMs - before.cpuMs < REST.cpuMs && ({ atMs, how: 'idle' } as const)
    },
    'the engine became idle',
    { timeoutMs: 60_000 },
  )
}

/** One that is made to stand still, or is just ending, does not answer. */
async function askStats(socketPath: string): Promise<string | undefined> {
  try {
    return await askClamd(socketPath, 'STATS', { timeoutMs: 200, clock: systemClock })
  } catch {
    return undefined
  }
}

function spread(values: readonly number[]) {
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: Math.max(...values) }
}
