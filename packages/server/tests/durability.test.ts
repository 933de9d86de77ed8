import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { coveringSync, outputOf, SyncedFiles, type SystemCall, startTraced } from '@fleetsweep/testkit'
import { prepareServer, ServerProcess, serverEnv } from '@fleetsweep/testkit/server-process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const PRODUCT = [join(import.meta.dirname, '../../../programs/fleetsweep.ts'), 'server']
const WITHOUT_SYNC = [join(import.meta.dirname, 'server-without-sync.ts')]
/** A program under strace starts slowly, on a busy machine even more so. */
const TIMEOUT_MS = 120_000

describe('an answered scan', { timeout: TIMEOUT_MS }, () => {
  let root = ''
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'fleetsweep-durability-'))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it('is on disk before the first byte of its 201 leaves, and still there after the power failed', async () => {
    expect(await powerFailsAfterCreate(PRODUCT)).toEqual({
      written: true,
      syncedBeforeAnswer: true,
      thereAfterwards: true,
    })
  })

  it('would be seen to be lost by a server that does not wait for the disk', async () => {
    expect(await powerFailsAfterCreate(WITHOUT_SYNC)).toEqual({
      written: true,
      syncedBeforeAnswer: false,
      thereAfterwards: false,
    })
  })

  /** Asks a server under strace for a scan and takes from its trace what is on disk when the 201 begins to leave. */
  async function powerFailsAfterCreate(program: readonly string[]) {
    const dataDir = join(root, 'data')
    const prepared = await prepareServer(dataDir, ['key-of-the-machine'])
    cpSync(dataDir, join(root, 'before'), { recursive: true })

    await using traced = startTraced([process.execPath, ...program, '--data', dataDir, '--json'], {
      env: serverEnv,
    })
    const server = await ServerProcess.of(traced.process, prepared)
    const created = await server.call(`POST /api/machines/${prepared.machineIds[0]}/runAntiVirusScan`, {
      Comment: 'Check machine',
      ScanType: 'Quick',
    })
    expect(created.status).toBe(201)
    const { id } = (await created.json()) as { id: string }
    const calls = await traced.kill()

    const answer = calls.find((call) => outputOf(call)?.bytes.subarray(0, 12).toString() === 'HTTP/1.1 201')
    if (!answer) throw new Error('The trace holds no 201.')
    const writes = writesOf(calls, id, dataDir, answer.start)
    const syncs = writes.map((write) => coveringSync(calls, write))

    mkdirSync(join(root, 'after'))
    new SyncedFiles(dataDir, join(root, 'before')).replay(calls, answer.start).writeTo(join(root, 'after'))
    await using restarted = await ServerProcess.start({ ...prepared, dataDir: join(root, 'after') })
    const found = await restarted.call(`GET /api/machineactions/${id}`)
    return {
      written: writes.length > 0,
      syncedBeforeAnswer: syncs.every((sync) => sync !== undefined && sync < answer.start),
      thereAfterwards:
        found.status === 200 && ((await found.json()) as { status: string }).status === 'Pending',
    }
  }
})

/** The writes of an action into files of the data directory that ended before a line of the trace. */
function writesOf(calls: readonly SystemCall[], id: string, dataDir: string, before: number): SystemCall[] {
  return calls.filter((call) => {
    const output = outputOf(call)
    return output?.to.startsWith(dataDir) && output.bytes.includes(id) && call.end < before
  })
}
