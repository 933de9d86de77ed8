import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eicar, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identifyProcess } from '../src/os/process-identity.ts'
import { ClamAvFixture, finished } from './clamav-fixture.ts'

const MIB = 1024 * 1024

/** The letter of the state that a process is in, such as `T` for one that is made to stand still. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? ''
}

describe('a scan with a CPU ceiling', () => {
  let fixture: ClamAvFixture
  beforeEach(async () => {
    fixture = await ClamAvFixture.create()
    writeFileSync(join(fixture.files, 'huge'), '')
    truncateSync(join(fixture.files, 'huge'), 100 * MIB)
  })
  afterEach(() => fixture[Symbol.asyncDispose]())

  it('makes the engine stand still at times, and finds what there is', async () => {
    writeFileSync(join(fixture.files, 'eicar'), eicar())
    const scan = fixture.scan(fixture.engine(), { settings: { cpuCeilingPercent: 20 } })
    const pid = await until(() => fixture.clamdPid(), 'clamd starts')
    await until(() => stateOf(pid) === 'T', 'clamd stands still')
    await until(() => stateOf(pid) !== 'T', 'clamd goes on')
    const result = await scan
    expect(finished(result).coverage.scanned.files).toBe(2)
    expect(result.detections).toHaveLength(1)
    expect(stateOf(pid)).not.toBe('T')
  })

  it('is proved to have stopped also when the engine stands still at that moment', async () => {
    const stop = new AbortController()
    const scan = fixture.scan(fixture.engine(), {
      settings: { cpuCeilingPercent: 5 },
      signal: stop.signal,
    })
    const pid = await until(() => fixture.clamdPid(), 'clamd starts')
    await until(() => stateOf(pid) === 'T', 'clamd stands still')
    stop.abort()
    const { outcome } = await scan
    if (outcome.kind !== 'stopped') throw new Error(`the scan ended otherwise: ${outcome.kind}`)
    expect(outcome.stoppedWithinMs).toBeLessThan(2_000)
    // Either it went on and said that it has nothing to do, or it was ended.
    expect(identifyProcess(pid) === undefined).toBe(outcome.proof === 'processGone')
  })

  it('gives a file the more time, the lower the ceiling is', async () => {
    const engine = fixture.engine({ maxScanTimeMs: 60_000 })
    const limits = async (cpuCeilingPercent: number) => {
      const result = await fixture.scan(engine, { settings: { cpuCeilingPercent } })
      return finished(result).engine.limits?.maxScanTimeMs
    }
    expect(await limits(100)).toBe(60_000)
    expect(await limits(50)).toBe(120_000)
    // The engine that allows more is good for this, too, and is what judges.
    expect(await limits(100)).toBe(120_000)
  })

  it('is held to the ceiling of the machine, whatever it was ordered with', async () => {
    const engine = fixture.engine({ maxScanTimeMs: 60_000 })
    const result = await fixture.scan(engine, {
      settings: { cpuCeilingPercent: 100 },
      config: { cpuCeilingPercent: 40, fullRoots: [fixture.files] },
    })
    expect(finished(result).engine.limits?.maxScanTimeMs).toBe(150_000)
  })
})
