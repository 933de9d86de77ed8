import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_SCAN_SETTINGS, type ScanWindow } from '@fleetsweep/protocol'
import { FakeGateway, FakeScanRunner, MovableClock, until } from '@fleetsweep/testkit'
import { stringify } from 'smol-toml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestAgent } from './test-agent.ts'

const zone = process.env.TZ
const EVERY_DAY: ScanWindow['days'] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const settings = (from: string, to: string) => ({
  settings: { ...DEFAULT_SCAN_SETTINGS, windows: [{ days: EVERY_DAY, from, to }] },
})

let gateway: FakeGateway
let agent: TestAgent
let clock: MovableClock
let scans: FakeScanRunner

async function connectAgent(): Promise<void> {
  await agent.enroll(gateway)
  agent.start()
  await gateway.connected()
}

/** Moves the clock on the wall, and lets just so much time pass that the agent looks at it: no heartbeat goes amiss. */
function wallClockMoves(duration: Parameters<MovableClock['jump']>[0]): void {
  clock.jump(duration)
  clock.advance('20s')
}

beforeEach(async () => {
  process.env.TZ = 'UTC'
  gateway = await FakeGateway.start()
  clock = new MovableClock('2026-11-23T08:00:00Z')
  scans = new FakeScanRunner({ holds: true })
  agent = new TestAgent({ scans, clock, random: () => 0.5 })
})

afterEach(async () => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
  await agent[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
})

describe('a scan with time windows', () => {
  it('waits for its window, says until when, and begins when it opens', async () => {
    await connectAgent()
    const action = gateway.orderScan('Full', undefined, settings('08:10', '09:00'))
    await gateway.event(action, 'accepted')
    const told = await until(() => action.progress.at(-1), 'the machine said that it waits')
    expect(told).toMatchObject({ phase: 'waiting' })
    expect(told.because).toMatch(/window, which opens Mon 2026-11-23 08:10 \(UTC\)/)
    expect(scans.runs).toHaveLength(0)
    wallClockMoves('10m')
    await gateway.event(action, 'started')
  })

  it('does not keep those from running whose window is open', async () => {
    await connectAgent()
    const later = gateway.orderScan('Full', undefined, settings('20:00', '21:00'))
    await gateway.event(later, 'accepted')
    await gateway.event(gateway.orderScan('Quick'), 'started')
  })

  it('pauses when its window closes, with the engine stopped, and goes on when the next opens', async () => {
    await connectAgent()
    const action = gateway.orderScan('Full', undefined, settings('07:00', '08:10'))
    await gateway.event(action, 'started')
    wallClockMoves('10m')
    await until(() => scans.runs[0]?.state === 'ended', 'the scan stopped working')
    await until(() => action.progress.at(-1)?.phase === 'paused', 'the machine said that it pauses')
    expect(action.progress.at(-1)).toMatchObject({ percent: 50 })
    expect(action.progress.at(-1)?.because).toContain('opens Tue 2026-11-24 07:00')
    expect(gateway.kinds(action)).toEqual(['accepted', 'started'])
    wallClockMoves('23h')
    await until(() => {
      scans.release()
      return scans.runs[1]?.state === 'ended'
    }, 'the scan went on to its end')
    const { report } = await gateway.event(action, 'finished')
    expect(report.attempts).toBe(2)
  })

  it('can be stopped while it is paused', async () => {
    await connectAgent()
    const action = gateway.orderScan('Full', undefined, settings('07:00', '08:10'))
    await gateway.event(action, 'started')
    wallClockMoves('10m')
    await until(() => action.progress.at(-1)?.phase === 'paused', 'the machine said that it pauses')
    gateway.orderStop(action)
    expect(await gateway.event(action, 'stopped')).toMatchObject({ proof: 'queueEmpty' })
    wallClockMoves('24h')
    expect(scans.runs).toHaveLength(1)
  })

  it('works only when the policy of the machine lets it, whatever the server says', async () => {
    const windows = [{ days: EVERY_DAY, from: '12:00', to: '13:00' }]
    writeFileSync(join(agent.stateDir, 'agent.toml'), '')
    writeFileSync(join(agent.stateDir, 'policy.toml'), stringify({ windows }))
    await agent.enroll(gateway)
    agent.start('--config', join(agent.stateDir, 'agent.toml'))
    await gateway.connected()
    const action = gateway.orderScan('Quick', undefined, settings('07:00', '20:00'))
    const told = await until(() => action.progress.at(-1), 'the machine said that it waits')
    expect(told.because).toContain('opens Mon 2026-11-23 12:00')
    wallClockMoves('4h')
    await gateway.event(action, 'started')
  })
})
