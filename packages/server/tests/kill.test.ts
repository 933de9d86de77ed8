import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { MachineAction } from '@fleetsweep/protocol'
import { type PreparedServer, prepareServer, ServerProcess } from '@fleetsweep/testkit/server-process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** More by hand: FLEETSWEEP_KILLS=200 */
const KILLS = Number(process.env.FLEETSWEEP_KILLS ?? 20)
/** Machines that are scanned at once before each kill. */
const LANES = 6
const TIMEOUT_MS = 60_000 + KILLS * 15_000

/** What callers were told, by machine. */
type Told = Map<string, { id: string; status: 'Pending' | 'Cancelled' }>

describe('a server that is killed', { timeout: TIMEOUT_MS }, () => {
  let root = ''
  let prepared: PreparedServer
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'fleetsweep-kill-'))
    const keys = Array.from({ length: KILLS * LANES }, (_, n) => `key-${n}`)
    prepared = await prepareServer(join(root, 'data'), keys)
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it(`right after an answer, ${KILLS} times, has everything that it acknowledged, once and as it said`, async () => {
    const told: Told = new Map()
    for (let kill = 0; kill < KILLS; kill += 1) {
      await using server = await ServerProcess.start(prepared)
      expectAllThere(told, await listAll(server))
      const machines = prepared.machineIds.slice(kill * LANES, (kill + 1) * LANES)
      const first = Promise.withResolvers<void>()
      const lanes = machines.map((machine, lane) =>
        work(server, machine, lane % 2 === 0, told, first.resolve),
      )
      await first.promise
      // Not a wait for something: the moment itself is what this tries.
      await delay(randomInt(15))
      await server.kill()
      await Promise.all(lanes)
    }
    await using server = await ServerProcess.start(prepared)
    expectAllThere(told, await listAll(server))
    expect(told.size).toBeGreaterThanOrEqual(KILLS)
  })

  /** Asks for a scan, and cancels it where `cancels`, until the server is gone. */
  async function work(
    server: ServerProcess,
    machine: string,
    cancels: boolean,
    told: Told,
    onAnswer: () => void,
  ): Promise<void> {
    const path = `POST /api/machines/${machine}/runAntiVirusScan`
    const created = await answerOf(server.call(path, { Comment: 'Check machine', ScanType: 'Quick' }))
    if (!created) return
    told.set(machine, { id: created.id, status: 'Pending' })
    onAnswer()
    if (!cancels) return
    const cancelled = await answerOf(
      server.call(`POST /api/machineactions/${created.id}/cancel`, { Comment: 'Not needed' }),
    )
    if (cancelled) told.set(machine, { id: created.id, status: 'Cancelled' })
  }
})

/** The answer's body; `undefined` when the server died over it. Any other answer is a failure. */
async function answerOf(call: Promise<Response>): Promise<MachineAction | undefined> {
  const answer = await call.catch(() => undefined)
  const text = await answer?.text().catch(() => undefined)
  if (answer === undefined || text === undefined) return undefined
  expect([200, 201], text).toContain(answer.status)
  return JSON.parse(text)
}

async function listAll(server: ServerProcess): Promise<MachineAction[]> {
  const answer = await server.call('GET /api/machineactions?$top=10000')
  const { value } = (await answer.json()) as { value: MachineAction[] }
  return value
}

function expectAllThere(told: Told, actions: readonly MachineAction[]): void {
  const machines = actions.map(({ machineId }) => machineId)
  expect(machines.length).toBe(new Set(machines).size)
  for (const [machine, { id, status }] of told) {
    const action = actions.find(({ machineId }) => machineId === machine)
    expect(action?.id).toBe(id)
    // A cancel may have been written although its answer never arrived.
    expect(status === 'Pending' ? ['Pending', 'Cancelled'] : ['Cancelled']).toContain(action?.status)
  }
}
