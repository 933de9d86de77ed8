import { addMs, type Instant } from '@fleetsweep/protocol'
import { MovableClock, until } from '@fleetsweep/testkit'
import { pino } from 'pino'
import { beforeEach, describe, expect, it } from 'vitest'
import { ForgetOld, type Old } from './forget-old.ts'

const MINUTE_MS = 60_000

describe('forgetting what is old', () => {
  let clock: MovableClock
  let logged: string[]

  beforeEach(() => {
    clock = new MovableClock()
    logged = []
  })

  const forgetter = (old: readonly Old[]) =>
    new ForgetOld({
      everyMs: MINUTE_MS,
      old,
      called: 'old leaves',
      clock,
      logger: pino({}, { write: (line) => void logged.push(line) }),
    })

  /** So many rows, one for each minute before now. */
  const minutesOld = (count: number, keptForMs: number): Old & { rows: Instant[] } => {
    const rows = Array.from({ length: count }, (_, n) => addMs(clock.now(), -n * MINUTE_MS))
    const forget = async (before: Instant, limit: number) => {
      const removed = rows.filter((at) => at < before).slice(0, limit)
      for (const at of removed) rows.splice(rows.indexOf(at), 1)
      return removed.length
    }
    return { keptForMs, forget, rows }
  }

  it('removes of each kind what is older than that kind is kept, however much it is', async () => {
    const [long, short] = [minutesOld(1_300, 200 * MINUTE_MS), minutesOld(20, 10 * MINUTE_MS)]
    const forgetting = forgetter([long, short])
    forgetting.start()
    clock.advance('1m')
    await until(() => short.rows.length === 10, 'both kinds were looked at')
    expect(long.rows).toHaveLength(200)
    await forgetting.stop()
  })

  it('goes on at the next run after one that failed, and says so in the log', async () => {
    const old = minutesOld(20, 10 * MINUTE_MS)
    let isBroken = true
    const forget: Old['forget'] = (...of) =>
      isBroken ? Promise.reject(new Error('no database')) : old.forget(...of)
    const forgetting = forgetter([{ ...old, forget }])
    forgetting.start()
    clock.advance('1m')
    await until(
      () => logged.some((line) => line.includes('old leaves could not be removed')),
      'the failure is in the log',
    )
    isBroken = false
    clock.advance('1m')
    await until(() => old.rows.length < 20, 'they are removed')
    await forgetting.stop()
  })

  it('begins no other batch once it is to stop', async () => {
    const held = Promise.withResolvers<number>()
    let batches = 0
    const forget: Old['forget'] = (_, limit) => {
      batches += 1
      return held.promise.then(() => limit)
    }
    const forgetting = forgetter([{ keptForMs: 0, forget }])
    forgetting.start()
    clock.advance('1m')
    await until(() => batches === 1, 'it has begun')
    const stopped = forgetting.stop()
    held.resolve(0)
    await stopped
    expect(batches).toBe(1)
  })
})
