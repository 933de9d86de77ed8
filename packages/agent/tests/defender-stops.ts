import { MovableClock, until } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startProgram } from '../src/engines/defender/run-program.ts'
import type { DefenderEngine, DefenderMark } from '../src/engines/index.ts'
import { systemClock } from '../src/os/system-clock.ts'
import type { DefenderScanOptions, DefenderScanResult } from './defender-fixture.ts'

/** Programs that stand in for Microsoft Defender on one system. */
export interface DefenderStandIn extends Disposable {
  readonly mark: DefenderMark
  readonly isScanning: boolean
  /** The program that scans, with arguments to do it. */
  readonly scanProgram: { command: string; args: string[] }
  lastUntil(end: 'cancelled' | 'never'): void
  engine(): DefenderEngine
  scan(options?: DefenderScanOptions): Promise<DefenderScanResult>
}

/** How scans stop that Defender makes, on every system. */
export function describeDefenderStops(kind: string, open: () => DefenderStandIn): void {
  describe(`stopping a scan with ${kind}`, () => {
    let defender: DefenderStandIn
    beforeEach(() => {
      defender = open()
    })
    afterEach(() => defender[Symbol.dispose]())

    const scanning = () => until(() => defender.isScanning, 'Defender scans')

    it('asks Defender, and is proven when its scan has ended', async () => {
      defender.lastUntil('cancelled')
      const stop = new AbortController()
      const result = defender.scan({ scanType: 'Full', signal: stop.signal })
      await scanning()
      stop.abort()
      const { outcome } = await result
      expect(outcome).toMatchObject({ kind: 'stopped', proof: 'queueEmpty', report: { coverage: null } })
    })

    it('is never claimed of a scan that goes on', async () => {
      defender.lastUntil('never')
      const clock = new MovableClock()
      const stop = new AbortController()
      const result = defender.scan({ signal: stop.signal, clock })
      await scanning()
      stop.abort()
      let isOver = false
      void result.then(() => (isOver = true))
      const onceMore = async () => {
        await clock.advance('10s')
        return isOver
      }
      await until(onceMore, 'the scan is given up')
      expect((await result).outcome).toMatchObject({ kind: 'failed', reason: /did not say that it has/ })
    })

    it('comes by itself when the scan takes too long, and then it has failed', async () => {
      defender.lastUntil('cancelled')
      const clock = new MovableClock()
      const result = defender.scan({ clock, maxScanMs: 60_000 })
      await scanning()
      await clock.advance('61s')
      expect((await result).outcome).toMatchObject({ kind: 'failed', reason: /^The scan was stopped/ })
    })

    it('reaches a scan that a killed agent left behind, and nothing where there was none', async () => {
      expect(await defender.mark.endLeftover(defender.engine(), systemClock)).toBe('neverStarted')
      defender.lastUntil('cancelled')
      const left = startProgram(defender.scanProgram)
      defender.mark.set(left.pid)
      await scanning()
      expect(await defender.mark.endLeftover(defender.engine(), systemClock)).toBe('queueEmpty')
      expect(await left.ended).toMatchObject({ kind: 'exited' })
      expect(await defender.mark.endLeftover(defender.engine(), systemClock)).toBe('neverStarted')
    })
  })
}
