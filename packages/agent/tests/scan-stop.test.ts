import { linkSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, ScanPhase, ScanProgress } from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identifyProcess } from '../src/os/process-identity.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { ClamAvFixture, type ScanResult } from './clamav-fixture.ts'
import { hookEngine } from './engine-hooks.ts'

const MIB = 1024 * 1024

describe('stopping a scan', () => {
  let fixture: ClamAvFixture
  let stop: AbortController
  beforeEach(async () => {
    fixture = await ClamAvFixture.create()
    stop = new AbortController()
  })
  afterEach(() => fixture[Symbol.asyncDispose]())

  const scanAndStopIn = (phase: ScanPhase, clock?: Clock) =>
    fixture.scan(fixture.engine({}, clock), {
      signal: stop.signal,
      onProgress: (progress) => progress.phase === phase && stop.abort(),
    })

  it('ends the engine within two seconds in the middle of one huge file', async () => {
    writeFileSync(join(fixture.files, 'huge'), '')
    truncateSync(join(fixture.files, 'huge'), 500 * MIB)
    writeFileSync(join(fixture.files, 'small'), 'small')
    const scan = fixture.scan(fixture.engine({ threads: 2 }), { signal: stop.signal })
    const pid = await until(() => fixture.clamdPid(), 'clamd starts')
    const before = cpuTicks(pid)
    await until(() => cpuTicks(pid) > before + 40, 'clamd works on the huge file')
    stop.abort()
    const outcome = stopped(await scan)
    expect(outcome.proof).toBe('processGone')
    expect(outcome.stoppedWithinMs).toBeLessThan(2_000)
    expect(identifyProcess(pid)).toBeUndefined()
    expect(outcome.report?.coverage).toMatchObject({
      met: { files: 2, bytes: 500 * MIB + 5 },
      notScanned: { cancelled: { files: 1, bytes: 500 * MIB } },
    })
    expect(outcome.report?.notScannedSamples).toMatchObject([{ reason: 'cancelled' }])
  })

  it('is heard while thousands of names of one file are settled', async () => {
    const one = join(fixture.files, 'one')
    writeFileSync(one, 'one')
    for (let i = 0; i < 5_000; i++) linkSync(one, join(fixture.files, `name-${i}`))
    let phase: ScanPhase | undefined
    // What is ready when the file was judged has its turn before all names are done.
    const hooked = hookEngine(fixture.engine(), {
      async afterJudge(path) {
        if (!path.startsWith(fixture.files)) return
        await until(() => phase === 'scanning', 'all names are met')
        setImmediate(() => stop.abort())
      },
    })
    const onProgress = (progress: ScanProgress) => {
      phase = progress.phase
    }
    const outcome = await fixture.scan(hooked, { signal: stop.signal, onProgress })
    const { coverage } = stopped(outcome).report ?? {}
    expect(coverage?.met.files).toBe(5_001)
    expect(coverage?.notScanned.cancelled.files).toBeGreaterThan(0)
  })

  it('tells which files were done and which were not', async () => {
    for (let i = 0; i < 200; i++) writeFileSync(join(fixture.files, `file-${i}`), `content ${i}`)
    let judged = 0
    const hooked = hookEngine(fixture.engine(), {
      afterJudge: () => {
        judged++
        if (judged === 50) stop.abort()
      },
    })
    const result = await fixture.scan(hooked, { signal: stop.signal })
    const { scanned, notScanned, met } = stopped(result).report?.coverage ?? {}
    expect(met?.files).toBe(200)
    expect(scanned?.files).toBeGreaterThanOrEqual(46)
    expect((scanned?.files ?? 0) + (notScanned?.cancelled.files ?? 0)).toBe(200)
    expect(result.progress.at(-1)?.percent).toBeLessThan(100)
  })

  it('leaves no engine when it comes while the engine loads', async () => {
    const outcome = stopped(await scanAndStopIn('loadingEngine'))
    expect(outcome).toMatchObject({ proof: 'processGone', report: null })
    expect(fixture.clamdPid()).toBeUndefined()
  })

  it('leaves no engine when it comes during the self-test', async () => {
    expect(stopped(await scanAndStopIn('selfTest')).proof).toBe('processGone')
    expect(fixture.clamdPid()).toBeUndefined()
  })

  it('is proved by an empty queue when it comes while folders are walked, and keeps the engine', async () => {
    writeFileSync(join(fixture.files, 'file'), 'content')
    // An engine that is asked on a busy machine may need longer than a stop waits for it.
    const patient: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() / 60 }
    expect(stopped(await scanAndStopIn('walking', patient)).proof).toBe('queueEmpty')
    expect(fixture.clamdPid()).toBeDefined()
  })

  it('says that nothing ever ran when it comes first', async () => {
    stop.abort()
    const outcome = stopped(await fixture.scan(fixture.engine(), { signal: stop.signal }))
    expect(outcome).toMatchObject({ proof: 'neverStarted', report: null })
    expect(fixture.clamdPid()).toBeUndefined()
  })
})

function stopped({ outcome }: ScanResult) {
  if (outcome.kind !== 'stopped') throw new Error(`the scan ended otherwise: ${JSON.stringify(outcome)}`)
  return outcome
}

/** Hundredths of a second of processor time that a process has used. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
