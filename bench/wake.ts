// How long after its 201 an agent holds a scan order that it has checked, with 1,000 agents connected, against a bare
// WebSocket message on its way.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareServer, ServerProcess } from '@fleetsweep/testkit/server-process'
import { BenchChild } from './lib/child.ts'
import { raiseLimits } from './lib/raise-limits.ts'
import { quantile, round } from './lib/statistics.ts'
import type { FleetTask } from './lib/wake-fleet.ts'

const AGENTS = 1_000
const ROUNDS = 5
const WAKES = AGENTS / ROUNDS
const PACE_MS = 4

const root = mkdtempSync(join(tmpdir(), 'fleetsweep-bench-'))
try {
  await run()
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function run(): Promise<void> {
  await using fleet = new BenchChild(new URL('./lib/wake-fleet.ts', import.meta.url))
  await using bareServer = new BenchChild(new URL('./lib/bare-ws-server.ts', import.meta.url))
  const carryOut = <Answer>(task: FleetTask) => fleet.ask<Answer>(task)

  console.log(`Enrolling and connecting ${AGENTS} agents …`)
  const publicKeys = await carryOut<string[]>({ kind: 'makeKeys', count: AGENTS })
  const prepared = await prepareServer(join(root, 'data'), publicKeys)
  await using server = await ServerProcess.start(prepared)
  await raiseLimits(server, prepared)
  await carryOut({
    kind: 'connect',
    url: server.url,
    bareUrl: await bareServer.ask<string>({}),
    token: await server.token(),
    tenant: prepared.tenant.id,
    machineIds: prepared.machineIds,
  })

  const ours: number[][] = []
  const bare: number[][] = []
  for (let at = 0; at < ROUNDS; at += 1) {
    const part = { from: at * WAKES, count: WAKES, paceMs: PACE_MS }
    bare.push(await carryOut<number[]>({ kind: 'bare', ...part }))
    ours.push(await carryOut<number[]>({ kind: 'wake', ...part }))
    console.log(`round ${at + 1}: wake ${p50(ours.at(-1))} ms, bare ${p50(bare.at(-1))} ms`)
  }
  const wakes = ours.flat()
  const rounds = bare.flat()
  console.log(
    JSON.stringify({
      bench: 'wake',
      ratio: round(quantile(wakes, 0.5) / quantile(rounds, 0.5)),
      p50Ms: round(quantile(wakes, 0.5)),
      p99Ms: round(quantile(wakes, 0.99)),
      bareP50Ms: round(quantile(rounds, 0.5)),
      bareP99Ms: round(quantile(rounds, 0.99)),
      agents: AGENTS,
      wakes: wakes.length,
      rounds: ours.map(p50),
      bareRounds: bare.map(p50),
    }),
  )
}

function p50(values: readonly number[] = []): number {
  return round(quantile(values, 0.5))
}
