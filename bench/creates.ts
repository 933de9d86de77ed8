// Durable creates per second through the real HTTP route, against the same rows written by nothing but SQLite.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareServer, ServerProcess } from '@fleetsweep/testkit/server-process'
import { BenchChild } from './lib/child.ts'
import type { CreateLoad, CreateLoadResult } from './lib/create-load.ts'
import { raiseLimits } from './lib/raise-limits.ts'
import { RawWriter } from './lib/raw-writer.ts'
import { quantile, round } from './lib/statistics.ts'

const CLIENTS = 64
const ROUNDS = 7
const CREATES = 3_000
/** Of 64 clients half wait for the batch on its way to disk, half for the next. */
const GROUP = CLIENTS / 2

const root = mkdtempSync(join(tmpdir(), 'fleetsweep-bench-'))
try {
  await run()
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function run(): Promise<void> {
  console.log(`Enrolling ${(ROUNDS + 1) * CREATES} machines …`)
  const keys = Array.from({ length: (ROUNDS + 1) * CREATES }, (_, n) => `key-${n}`)
  const prepared = await prepareServer(join(root, 'data'), keys)
  await using server = await ServerProcess.start(prepared)
  await raiseLimits(server, prepared)
  await using load = new BenchChild(new URL('./lib/create-load.ts', import.meta.url))
  const create = async (at: number) => {
    const machineIds = prepared.machineIds.slice(at * CREATES, (at + 1) * CREATES)
    const task: CreateLoad = { url: server.url, token: await server.token(), machineIds, clients: CLIENTS }
    return load.ask<CreateLoadResult>(task)
  }
  using raw = new RawWriter(join(root, 'raw.db'), GROUP)

  await create(0)
  raw.write(CREATES)
  const ours: CreateLoadResult[] = []
  const floor: number[] = []
  for (let at = 1; at <= ROUNDS; at += 1) {
    const result = await create(at)
    ours.push(result)
    floor.push(CREATES / raw.write(CREATES))
    console.log(
      `round ${at}: ${Math.round(CREATES / result.seconds)}/s, raw ${Math.round(floor.at(-1) ?? 0)}/s`,
    )
  }
  const rates = ours.map(({ seconds }) => CREATES / seconds)
  const latencies = ours.flatMap(({ latenciesMs }) => latenciesMs)
  console.log(
    JSON.stringify({
      bench: 'creates',
      ratio: round(quantile(rates, 0.5) / quantile(floor, 0.5)),
      createsPerSecond: Math.round(quantile(rates, 0.5)),
      rawRowsPerSecond: Math.round(quantile(floor, 0.5)),
      p50Ms: round(quantile(latencies, 0.5)),
      p99Ms: round(quantile(latencies, 0.99)),
      clients: CLIENTS,
      creates: CREATES,
      rounds: rates.map(Math.round),
      rawRounds: floor.map(Math.round),
    }),
  )
}
