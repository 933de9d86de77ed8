import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AgentFrame } from '@fleetsweep/protocol'
import { FakeGateway, outputOf, SyncedFiles, type SystemCall, startTraced, until } from '@fleetsweep/testkit'
import { Compile } from 'typebox/compile'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { journalPath } from '../src/journal/journal-file.ts'
import { TestAgent } from './test-agent.ts'

const PRODUCT = join(import.meta.dirname, 'agent-process.ts')
const WITHOUT_SYNC = join(import.meta.dirname, 'agent-without-sync.ts')
const EVENTS = ['accepted', 'started', 'detection', 'detection', 'finished']
/** A program under strace starts slowly, on a busy machine even more so. */
const TIMEOUT_MS = 120_000

const agentFrame = Compile(AgentFrame)

describe('an event that an agent tells', { timeout: TIMEOUT_MS }, () => {
  let root = ''
  let gateway: FakeGateway
  let owner: TestAgent
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'fleetsweep-journal-'))
    gateway = await FakeGateway.start({ heartbeatMs: 100 })
    owner = new TestAgent({ stateDir: join(root, 'state') })
    await owner.enroll(gateway)
    cpSync(owner.stateDir, join(root, 'before'), { recursive: true })
  })
  afterEach(async () => {
    await owner[Symbol.asyncDispose]()
    await gateway[Symbol.asyncDispose]()
    rmSync(root, { recursive: true, force: true })
  })

  it('is in the journal on disk, like its order, before its frame leaves', async () => {
    expect(await powerFailsAtEachEvent(PRODUCT)).toEqual(EVENTS.map((kind) => ({ kind, journaled: true })))
  })

  it('would be seen to be missing there in an agent that does not wait for the disk', async () => {
    expect(await powerFailsAtEachEvent(WITHOUT_SYNC)).toEqual(
      EVENTS.map((kind) => ({ kind, journaled: false })),
    )
  })

  /** Has an agent under strace scan once, and looks into the journal as it is on disk when each event begins to leave. */
  async function powerFailsAtEachEvent(program: string) {
    const command = [process.execPath, program, owner.stateDir, join(root, 'scans.log'), '0']
    // Its log says what it does; here only its calls matter.
    await using traced = startTraced(command, { stderr: 'ignore' })
    traced.process.stdout?.resume()
    await gateway.connected()
    const action = gateway.orderScan()
    await gateway.event(action, 'finished')
    // A frame can arrive before the call that sent it has returned, and a kill then would leave that call untold.
    const told = gateway.frames.length
    await until(() => gateway.frames.length > told, 'the agent went on after its last event')
    const calls = await traced.kill()
    return [...action.events].map(([number, { kind }]) => {
      const sent = calls.find((call) => {
        const frame = sentFrame(call)
        return frame?.type === 'event' && frame.actionId === action.actionId && frame.number === number
      })
      if (!sent) throw new Error(`The trace holds no event ${number}.`)
      return { kind, journaled: isOnDisk(calls, sent.start, action.actionId, number) }
    })
  }

  function isOnDisk(calls: readonly SystemCall[], moment: number, actionId: string, number: number): boolean {
    const disk = join(root, `disk-${number}`)
    mkdirSync(disk)
    new SyncedFiles(owner.stateDir, join(root, 'before')).replay(calls, moment).writeTo(disk)
    if (!existsSync(journalPath(disk))) return false
    using journal = new DatabaseSync(journalPath(disk))
    const tables = journal.prepare("SELECT name FROM sqlite_schema WHERE name IN ('action', 'event')").all()
    if (tables.length < 2) return false
    const event = journal
      .prepare('SELECT 1 FROM event WHERE action_id = ? AND number = ?')
      .get(actionId, number)
    const order = journal.prepare('SELECT 1 FROM action WHERE action_id = ?').get(actionId)
    return event !== undefined && order !== undefined
  }
})

/** The frame that a call sent over a WebSocket, unmasked (RFC 6455, section 5.3). */
function sentFrame(call: SystemCall): AgentFrame | undefined {
  const output = outputOf(call)
  if (!output?.to.startsWith('socket:') || output.bytes.length < 6) return undefined
  const { bytes } = output
  const length = bytes.readUInt8(1) & 0x7f
  const maskAt = length < 126 ? 2 : length === 126 ? 4 : 10
  const mask = bytes.subarray(maskAt, maskAt + 4)
  const text = bytes
    .subarray(maskAt + 4)
    .map((byte, n) => byte ^ (mask[n % 4] ?? 0))
    .toString()
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined
  const frame: unknown = JSON.parse(text)
  return agentFrame.Check(frame) ? frame : undefined
}
