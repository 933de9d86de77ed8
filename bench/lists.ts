// Lists of a large fleet, asked for as clients ask, over HTTP on either database, against the same SQL with nothing around.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@fleetsweep/testkit/postgres'
import { type PreparedServer, prepareServer, ServerProcess } from '@fleetsweep/testkit/server-process'
import { tool } from '@fleetsweep/testkit/tools'
import type { CompiledQuery } from 'kysely'
import { parseListQuery } from '../packages/protocol/src/index.ts'
import { loadConfig } from '../packages/server/src/config/index.ts'
import { systemClock } from '../packages/server/src/kit/clock.ts'
import type { Database } from '../packages/server/src/kit/db/database.ts'
import { sqlMachineStore } from '../packages/server/src/machine/machine-store-sql.ts'
import { sqlMachineActionStore } from '../packages/server/src/machine-action/machine-action-store-sql.ts'
import { openDatabase } from '../packages/server/src/open-database.ts'
import type { Reach } from '../packages/server/src/principal/index.ts'
import { type Filler, postgresFiller, sqliteFiller } from './lib/fill-database.ts'
import { actionRows, machineRows } from './lib/fleet-history.ts'
import { HttpLane } from './lib/http-lane.ts'
import { type Asker, type ListQueryCase, listQueries, type Samples } from './lib/list-queries.ts'
import { tokensOf } from './lib/people.ts'
import { raiseLimits } from './lib/raise-limits.ts'
import { postgresReader, type RawReader, sqliteReader } from './lib/raw-reader.ts'
import { addReaders, type Readers } from './lib/readers.ts'
import { quantile, round } from './lib/statistics.ts'

const [MACHINES, ACTIONS] = [100_000, 1_000_000]
/** Calls of each query; the slowest but one is p99. */
const CALLS = 120
const WARM_UP = 12
const GOAL_MS = 100
/** A part of the names of queries to run alone: `npm run bench -- lists sqlite count`. */
const [, , only = '', part = ''] = process.argv

type Result = { query: string; p50Ms: number; p99Ms: number; rawP50Ms: number; ratio: number }
type Dialect = Database['dialect']

const root = mkdtempSync(join(tmpdir(), 'fleetsweep-bench-'))
const results: Partial<Record<Dialect, Result[]>> = {}
try {
  if (only !== 'postgres') results.sqlite = await onSqlite(join(root, 'sqlite'))
  if (only !== 'sqlite') results.postgres = await onPostgres(join(root, 'postgres'))
  report()
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function onSqlite(dataDir: string): Promise<Result[]> {
  const prepared = await prepareServer(dataDir, ['key'])
  const path = join(dataDir, 'fleetsweep.db')
  return measure('sqlite', prepared, {
    filler: async () => sqliteFiller(path),
    reader: async () => sqliteReader(path),
  })
}

async function onPostgres(dataDir: string): Promise<Result[]> {
  await using server = await startPostgres(tool('postgres'))
  const prepared = await prepareServer(dataDir, ['key'], server.connectionString)
  // Awaited here: PostgreSQL ends with this function.
  return await measure('postgres', prepared, {
    filler: () => postgresFiller(server.connectionString),
    reader: () => postgresReader(server.connectionString),
  })
}

async function measure(
  dialect: Dialect,
  prepared: PreparedServer,
  open: { filler: () => Promise<Filler>; reader: () => Promise<RawReader> },
): Promise<Result[]> {
  const now = systemClock.now()
  const readers = await addReaders(prepared)
  const found = await fill(dialect, prepared.tenant.id, now, open.filler)
  await using server = await ServerProcess.start(prepared)
  await raiseLimits(server, prepared)
  const samples: Samples = { ...found, now, tokens: await deepTokens(server) }
  const tokens: Record<Asker, string[]> = {
    application: [await server.token()],
    tiny: await tokensOf(readers.tiny.people, prepared, server.url),
    few: await tokensOf(readers.few.people, prepared, server.url),
    most: await tokensOf(readers.most.people, prepared, server.url),
  }
  // One call after the other: what is measured is what each costs, not how they queue.
  const lane = await HttpLane.open(new URL(server.url))
  await using reader = await open.reader()
  await using db = await openDatabase(loadConfig({}, { dataDir: prepared.dataDir }), { clock: systemClock })
  const all: Result[] = []
  for (const asked of listQueries(samples).filter(({ name }) => name.includes(part))) {
    const path = `/api/${asked.list}${asked.count ? '/$count' : ''}?${asked.query}`
    const latenciesMs = await timeCalls(lane, path, tokens[asked.asker])
    const raw = await timeRaw(reader, await queriesOf(db, prepared, asked, readers))
    const [p50, rawP50] = [quantile(latenciesMs, 0.5), quantile(raw, 0.5)]
    const result = {
      query: asked.name,
      p50Ms: round(p50),
      p99Ms: round(quantile(latenciesMs, 0.99)),
      rawP50Ms: round(rawP50),
      ratio: round(p50 / rawP50),
    }
    all.push(result)
    const late = result.p99Ms > GOAL_MS ? '  LATE' : ''
    console.log(
      `${dialect.padEnd(9)} ${asked.name.padEnd(62)} p50 ${String(result.p50Ms).padStart(6)}  p99 ${String(result.p99Ms).padStart(6)}  raw ${String(result.rawP50Ms).padStart(6)}  x${result.ratio}${late}`,
    )
  }
  return all
}

/** Fills the database, and tells of some of what is in it. */
async function fill(
  dialect: Dialect,
  tenant: string,
  now: number,
  open: () => Promise<Filler>,
): Promise<Omit<Samples, 'now' | 'tokens'>> {
  console.log(`Filling ${dialect} with ${MACHINES} machines and ${ACTIONS} actions …`)
  await using filler = await open()
  const machines: { id: string; name: string }[] = []
  let machine: Samples['machine'] | undefined
  const actions: string[] = []
  let externalId = ''
  await filler.fill(
    'machine',
    each(machineRows(tenant, MACHINES, now), (row) => {
      const name = String(row.computer_dns_name)
      machines.push({ id: row.id, name })
      if (row.aad_device_id !== null && machines.length > MACHINES / 2) {
        machine ??= { id: row.id, name, aad: String(row.aad_device_id), ip: String(row.last_ip_address) }
      }
    }),
  )
  let at = 0
  await filler.fill(
    'machine_action',
    each(actionRows(tenant, machines, ACTIONS, now), (row) => {
      if (at % (ACTIONS / 20) === 0) actions.push(row.id)
      if (row.external_id !== null && at > ACTIONS / 2 && externalId === '')
        externalId = String(row.external_id)
      at += 1
    }),
  )
  await filler.settle()
  if (machine === undefined) throw new Error('No machine is known to the directory.')
  return { machine, actions, externalId }
}

function* each<Row>(rows: Iterable<Row>, see: (row: Row) => void): Generator<Row> {
  for (const row of rows) {
    see(row)
    yield row
  }
}

/** Tokens of next links deep in the lists. */
async function deepTokens(server: ServerProcess): Promise<Samples['tokens']> {
  const tokenAt = async (path: string) => {
    const page: unknown = await (await server.call(`GET ${path}`)).json()
    const link = /\$skiptoken=([^&"]+)/.exec(JSON.stringify(page))
    if (link?.[1] === undefined) throw new Error(`${path} has no next link.`)
    return link[1]
  }
  return {
    actions: await tokenAt('/api/machineactions?$skip=890000'),
    machines: await tokenAt('/api/machines?$skip=80000'),
    machinesByName: await tokenAt('/api/machines?$orderby=computerDnsName&$skip=80000'),
  }
}

/** The SQL that the server answers a call with. */
async function queriesOf(
  db: Database,
  { tenant }: PreparedServer,
  asked: ListQueryCase,
  readers: Readers,
): Promise<CompiledQuery[]> {
  const queries: CompiledQuery[] = []
  const heard: Database = {
    ...db,
    read(query) {
      queries.push(query.compile())
      return db.read(query)
    },
  }
  const reach: Reach =
    asked.asker === 'application'
      ? { kind: 'allMachines' }
      : { kind: 'deviceGroups', ids: readers[asked.asker].groups }
  const query = { ...parseListQuery(new URLSearchParams(asked.query)), pageSize: 10_000 }
  const [machines, actions, now] = [
    sqlMachineStore(heard, tenant.id),
    sqlMachineActionStore(heard, tenant.id),
    systemClock.now(),
  ]
  if (!asked.count)
    await (asked.list === 'machines' ? machines.list(query, reach, now) : actions.list(query, reach))
  if (asked.count || query.count) {
    await (asked.list === 'machines'
      ? machines.count(query.filter, reach, now)
      : actions.count(query.filter, reach))
  }
  return queries
}

async function timeCalls(lane: HttpLane, path: string, tokens: readonly string[]): Promise<number[]> {
  const timesMs: number[] = []
  for (let n = -WARM_UP; n < CALLS; n += 1) {
    const begin = performance.now()
    const { status, body } = await lane.get(path, tokens[(n + WARM_UP) % tokens.length] ?? '')
    if (n >= 0) timesMs.push(performance.now() - begin)
    if (status !== 200) throw new Error(`${path} was answered ${status} ${body}`)
  }
  return timesMs
}

async function timeRaw(reader: RawReader, queries: readonly CompiledQuery[]): Promise<number[]> {
  const timesMs: number[] = []
  for (let n = 0; n < CALLS / 4; n += 1) {
    const begin = performance.now()
    for (const query of queries) await reader.read(query)
    timesMs.push(performance.now() - begin)
  }
  return timesMs
}

function report(): void {
  const all = Object.values(results).flat()
  const worst = all.toSorted((a, b) => b.p99Ms - a.p99Ms)[0]
  const late = Object.entries(results).flatMap(([dialect, of]) =>
    of.filter(({ p99Ms }) => p99Ms > GOAL_MS).map(({ query, p99Ms }) => `${dialect} ${query}: ${p99Ms} ms`),
  )
  const p99Ms = Object.fromEntries(
    Object.entries(results).map(([dialect, of]) => [
      dialect,
      Object.fromEntries(of.map((r) => [r.query, r.p99Ms])),
    ]),
  )
  console.log(
    late.length === 0 ? `All p99 under ${GOAL_MS} ms.` : `Beyond ${GOAL_MS} ms:\n${late.join('\n')}`,
  )
  console.log(
    JSON.stringify({
      bench: 'lists',
      ratio: Math.max(...all.map(({ ratio }) => ratio)),
      p99Ms,
      worst: worst && { query: worst.query, p99Ms: worst.p99Ms },
      goalMs: GOAL_MS,
      late: late.length,
      machines: MACHINES,
      actions: ACTIONS,
      calls: CALLS,
    }),
  )
}
