import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { addsUp, type CountedReport, notScannedTotal } from '@fleetsweep/protocol'
import { eicar, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClamAvFixture } from './clamav-fixture.ts'
import type { ResumeChildTask } from './resume-child.ts'

/** More by hand: FLEETSWEEP_KILLS=200 */
const KILLS = Number(process.env.FLEETSWEEP_KILLS ?? 20)
const KILLS_OF_ONE_SCAN = 5
const FILES = 200
const THREATS = 4
const MOST_BYTES_OF_ONE = 100_000
const THREADS = 2
/** What the engine may have in its hands: eight files for each thread. */
const WINDOW = 8 * THREADS
const VICTIMS = ['agent', 'engine', 'both'] as const
const CHILD = join(import.meta.dirname, 'resume-child.ts')

describe('a scan', { timeout: 120_000 + KILLS * 20_000 }, () => {
  let fixture: ClamAvFixture
  let sizes: Map<string, number>
  beforeEach(async () => {
    fixture = await ClamAvFixture.create()
    sizes = new Map()
    for (let i = 0; i < FILES; i++) {
      const path = join(fixture.files, `f${i}`)
      const content = i % (FILES / THREATS) === 7 ? `${eicar()} ${i}` : `${i} `.repeat(randomInt(1, 20_000))
      writeFileSync(path, content)
      sizes.set(path, content.length)
    }
  })
  afterEach(() => fixture[Symbol.asyncDispose]())

  it(`whose agent, engine or both are killed, ${KILLS} times at random moments, ends with a true report and reads little again`, async ({
    annotate,
  }) => {
    const shares: number[] = []
    for (let left = KILLS, scan = 1; left > 0; scan++) {
      const folder = join(fixture.folder, `scan-${scan}`)
      const { kills, againShare } = await expectTrueEnd(folder, Math.min(left, KILLS_OF_ONE_SCAN))
      left -= kills
      shares.push(againShare)
    }
    const most = (Math.max(...shares) * 100).toFixed(2)
    await annotate(`${shares.length} scans; at most ${most} % of the bytes were read again for each attempt`)
  })

  /** @returns how often it was killed, if it lived for so long, and what each attempt after the first read again */
  async function expectTrueEnd(
    folder: string,
    mostKills: number,
  ): Promise<{ kills: number; againShare: number }> {
    const workDir = join(folder, 'work')
    mkdirSync(workDir, { recursive: true, mode: 0o700 })
    const log = join(folder, 'files.log')
    let attempt = 1
    let child = start({ workDir, log, attempt })
    let kills = 0
    for (; kills < mostKills && child.isRunning(); kills++) {
      const before = noted(log, 'begin').length
      await until(() => !child.isRunning() || noted(log, 'begin').length > before, 'it went on', {
        timeoutMs: 60_000,
      })
      // Not a wait for something: the moment itself is what this tries.
      await delay(randomInt(200))
      const victim = VICTIMS[randomInt(VICTIMS.length)]
      if (victim !== 'agent') killEngine()
      if (victim === 'engine') continue
      await child.kill()
      attempt++
      child = start({ workDir, log, attempt })
    }
    const report = await child.report()
    expect(addsUp(report.coverage)).toBe(true)
    expect(notScannedTotal(report.coverage).files).toBe(0)
    expect(report.coverage.met).toEqual({ files: FILES, bytes: sum([...sizes.keys()]) })
    expect(report.attempts).toBe(attempt)
    expect(report.detections).toBe(THREATS)
    expect(new Set(noted(log, 'threat')).size).toBe(THREATS)
    const readAgain = sum(noted(log, 'begin')) - report.coverage.met.bytes
    const bound = Math.max(WINDOW * MOST_BYTES_OF_ONE, report.coverage.met.bytes * 0.02)
    expect(readAgain).toBeLessThanOrEqual((attempt - 1) * bound)
    return { kills, againShare: readAgain / report.coverage.met.bytes / Math.max(attempt - 1, 1) }
  }

  function start(task: Pick<ResumeChildTask, 'workDir' | 'log' | 'attempt'>) {
    const engine = { ...fixture.engineConfig, threads: THREADS }
    const whole: ResumeChildTask = { folder: fixture.files, engine, ...task }
    const child = spawn(process.execPath, [CHILD, JSON.stringify(whole)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const printed = text(child.stdout)
    const exited = once(child, 'exit')
    return {
      isRunning: () => child.exitCode === null && child.signalCode === null,
      async kill() {
        child.kill('SIGKILL')
        await exited
      },
      async report(): Promise<CountedReport> {
        await exited
        const outcome = JSON.parse(await printed)
        expect(outcome.kind, JSON.stringify(outcome)).toBe('finished')
        return outcome.report
      },
    }
  }

  function killEngine(): void {
    const pid = fixture.clamdPid()
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }

  function noted(log: string, what: string): string[] {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : []
    return lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1))
  }

  function sum(paths: string[]): number {
    return paths.reduce((bytes, path) => bytes + (sizes.get(path) ?? 0), 0)
  }
})
