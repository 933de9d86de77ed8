// Reads of one machine action per second through everything (token, limit, permission, reach), as an application and as
// people with device groups, against bare Fastify that returns the same bytes, and against one that reads the row first.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PreparedServer, prepareServer, ServerProcess } from '@fleetsweep/testkit/server-process'
import type { BareAnswer } from './lib/bare-http-server.ts'
import { BenchChild } from './lib/child.ts'
import { addPeople, tokensOf } from './lib/people.ts'
import { raiseLimits } from './lib/raise-limits.ts'
import type { ReadLoad, ReadLoadResult } from './lib/read-load.ts'
import { quantile, round } from './lib/statistics.ts'

const CLIENTS = 64
const ROUNDS = 15
const CALLS = 6_000
const ACTIONS = 200
/** Each may call a hundred times a minute, and the benchmark is over within one. */
const PEOPLE = 1_000
const LANES = ['bare', 'bareRead', 'application', 'people'] as const

const root = mkdtempSync(join(tmpdir(), 'fleetsweep-bench-'))
try {
  await run()
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function run(): Promise<void> {
  const keys = Array.from({ length: ACTIONS }, (_, n) => `key-${n}`)
  const prepared = await prepareServer(join(root, 'data'), keys)
  const people = addPeople(prepared, PEOPLE)
  await using server = await ServerProcess.start(prepared)
  await raiseLimits(server, prepared)
  const paths = await requestScans(server, prepared)
  const bare = new URL('./lib/bare-http-server.ts', import.meta.url)
  await using bareServer = new BenchChild(bare)
  await using bareReader = new BenchChild(bare)
  await using load = new BenchChild(new URL('./lib/read-load.ts', import.meta.url))
  const tokens = [await server.token()]
  const answer = await answerTo(server, paths[0])
  const database = { path: join(prepared.dataDir, 'fleetsweep.db'), tenant: prepared.tenant.id }
  const targets = {
    // The same requests, the same answers.
    bare: { url: await bareServer.ask<string>(answer), tokens },
    bareRead: { url: await bareReader.ask<string>({ ...answer, database }), tokens },
    application: { url: server.url, tokens },
    people: { url: server.url, tokens: await tokensOf(people, prepared, server.url) },
  }
  const read = (lane: (typeof LANES)[number], calls: number) =>
    load.ask<ReadLoadResult>({ ...targets[lane], paths, calls, clients: CLIENTS } satisfies ReadLoad)

  // Every token is looked up once, and the code is warm.
  for (const lane of LANES) await read(lane, CALLS)
  const results = { bare: [], bareRead: [], application: [], people: [] } as Record<
    (typeof LANES)[number],
    ReadLoadResult[]
  >
  for (let at = 1; at <= ROUNDS; at += 1) {
    for (const lane of LANES) results[lane].push(await read(lane, CALLS))
    console.log(
      `round ${at}: ${LANES.map((lane) => `${lane} ${Math.round(rate(results[lane].at(-1)))}/s`).join(', ')}`,
    )
  }
  const ratios = (lane: 'application' | 'people', floor: 'bare' | 'bareRead' = 'bare') =>
    results[lane].map((result, at) => rate(result) / rate(results[floor][at]))
  const perSecond = (lane: (typeof LANES)[number]) => Math.round(quantile(results[lane].map(rate), 0.5))
  const latencies = results.application.flatMap(({ latenciesMs }) => latenciesMs)
  console.log(
    JSON.stringify({
      bench: 'auth',
      ratio: round(quantile(ratios('application'), 0.5)),
      peopleRatio: round(quantile(ratios('people'), 0.5)),
      ratioToBareRead: round(quantile(ratios('application', 'bareRead'), 0.5)),
      perSecond: perSecond('application'),
      peoplePerSecond: perSecond('people'),
      barePerSecond: perSecond('bare'),
      bareReadPerSecond: perSecond('bareRead'),
      p50Ms: round(quantile(latencies, 0.5)),
      p99Ms: round(quantile(latencies, 0.99)),
      clients: CLIENTS,
      calls: CALLS,
      rounds: ratios('application').map((ratio) => round(ratio)),
      peopleRounds: ratios('people').map((ratio) => round(ratio)),
    }),
  )
}

function rate(result: ReadLoadResult | undefined): number {
  return result === undefined ? Number.NaN : CALLS / result.seconds
}

/** One scan for each machine. @returns where each can be read */
async function requestScans(server: ServerProcess, { machineIds }: PreparedServer): Promise<string[]> {
  const body = { Comment: 'Check machine for viruses due to alert 3212', ScanType: 'Quick' }
  return Promise.all(
    machineIds.map(async (machine) => {
      const answer = await server.call(`POST /api/machines/${machine}/runAntiVirusScan`, body)
      const action: unknown = await answer.json()
      if (typeof action !== 'object' || action === null || !('id' in action)) {
        throw new Error(`A scan was answered ${answer.status}.`)
      }
      return `/api/machineactions/${action.id}`
    }),
  )
}

/** What our server answers, with the headers that it sets itself. */
async function answerTo(server: ServerProcess, path: string | undefined): Promise<BareAnswer> {
  const answer = await server.call(`GET ${path}`)
  const headers = Object.fromEntries(
    [...answer.headers].filter(
      ([name]) => !['date', 'connection', 'keep-alive', 'content-length'].includes(name),
    ),
  )
  return { body: await answer.text(), headers }
}
