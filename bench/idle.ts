// What an agent takes that has nothing to do: bundled and started as an installed one is, enrolled and connected over TLS
// to a real server, then left alone. Before a scan and after one, with the engine on demand (not running by then) and
// resident; a resident engine's own use stands beside.
//
//     npm run bench -- idle [--seconds 120] [--settle 60] [--files 5000]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { until } from '@fleetsweep/testkit'
import { LiveMachine } from './lib/live-machine.ts'
import { memoryUse, workDone } from './lib/process-use.ts'
import { makeCorpus } from './lib/scan-corpus.ts'
import { round } from './lib/statistics.ts'

const MEMORY_LIMIT_MIB = 70
const CPU_LIMIT_PERCENT = 0.2

const { values } = parseArgs({
  options: {
    /** How long it is watched each time, and how long left alone before. */
    seconds: { type: 'string', default: '120' },
    settle: { type: 'string', default: '60' },
    files: { type: 'string', default: '5000' },
  },
})
const [seconds, settle, files] = [Number(values.seconds), Number(values.settle), Number(values.files)]

const root = mkdtempSync(join(tmpdir(), 'fleetsweep-bench-'))
try {
  const corpus = makeCorpus(join(root, 'corpus'), files)
  const scan = `quickPlaces = []\nfullRoots = [${JSON.stringify(corpus.folder)}]`
  await using machine = await LiveMachine.start(root, { scan, engine: 'idleMinutes = 0\n' })
  const onDemand = await measure(machine, false)
  await machine.fleet.endAgent()
  machine.fleet.configureAgent(scan, 'life = "resident"\n')
  machine.fleet.restartAgent()
  const resident = await measure(machine, true)
  const { rssMiB, cpuPercent } = onDemand.untouched
  console.log(
    JSON.stringify({
      bench: 'idle',
      ratio: round(Math.max(rssMiB / MEMORY_LIMIT_MIB, cpuPercent / CPU_LIMIT_PERCENT)),
      limits: { rssMiB: MEMORY_LIMIT_MIB, cpuPercent: CPU_LIMIT_PERCENT },
      seconds,
      corpusFiles: corpus.files,
      onDemand,
      resident,
    }),
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function measure(machine: LiveMachine, isResident: boolean) {
  await machine.untilConnected()
  await untilEngine(machine, isResident)
  const untouched = await watch(machine, isResident ? 'resident, no scan yet' : 'on demand, no scan yet')
  const { id } = await machine.client.runAntivirusScan(machine.machineId, {
    scanType: 'Full',
    comment: 'Benchmark',
  })
  const { status, troubleshootInfo } = await machine.client.waitForMachineAction(id)
  if (status !== 'Succeeded') throw new Error(`The scan ended as ${status}: ${troubleshootInfo}`)
  await untilEngine(machine, isResident)
  const afterScan = await watch(machine, isResident ? 'resident, after a scan' : 'on demand, after a scan')
  return { untouched, afterScan }
}

/** An engine on demand goes after its scan; a resident one is loaded. */
async function untilEngine({ fleet }: LiveMachine, runs: boolean): Promise<void> {
  await until(() => (fleet.engine !== undefined) === runs, `the engine was ${runs ? 'started' : 'ended'}`)
}

async function watch({ agentPid, fleet }: LiveMachine, when: string) {
  await delay(settle * 1_000)
  const { engine } = fleet
  const agentUse = watchProcess(agentPid)
  const engineUse = engine && watchProcess(engine.pid)
  await delay(seconds * 1_000)
  const use = { ...agentUse(), engine: engineUse?.() ?? null }
  console.log(when, JSON.stringify(use))
  return use
}

/** @returns tells what it took since */
function watchProcess(pid: number) {
  const [begunMs, before] = [performance.now(), workDone(pid)]
  return () => {
    const [wallMs, after, memory] = [performance.now() - begunMs, workDone(pid), memoryUse(pid)]
    return {
      rssMiB: round(memory.rss),
      pssMiB: round(memory.pss),
      anonymousMiB: round(memory.anonymous),
      cpuPercent: round(((after.cpuMs - before.cpuMs) / wallMs) * 100, 2),
      sleepsAMinute: round(((after.sleeps - before.sleeps) / wallMs) * 60_000),
    }
  }
}
