import type { TenantId } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { InstantSource } from '../instant-source.ts'
import { DatabaseBusyError } from './database.ts'
import { Flusher } from './flusher.ts'
import type { StampedCommand } from './write.ts'

const command = { kind: 'entry.add', tenant: '11111111-1111-4111-8111-111111111111' as TenantId }

/** A disk that finishes a batch when it is told to. */
function slowDisk() {
  const started: { batch: readonly StampedCommand[]; finish: () => void }[] = []
  const execute = (batch: readonly StampedCommand[]) => {
    const { promise, resolve } = Promise.withResolvers<{ outcome: unknown }[]>()
    started.push({ batch, finish: () => resolve(batch.map(({ at }) => ({ outcome: at }))) })
    return promise
  }
  return { started, flusher: new Flusher(execute, new InstantSource(new MovableClock())) }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('the flusher', () => {
  it('puts everything of one turn into one batch, and what comes while the disk is busy into the next', async () => {
    const { started, flusher } = slowDisk()
    for (let i = 0; i < 5; i += 1) void flusher.submit(command)
    await nextTurn()
    for (let i = 0; i < 3; i += 1) void flusher.submit(command)
    await nextTurn()
    for (let i = 0; i < 7; i += 1) void flusher.submit(command)
    await nextTurn()
    expect(started.map(({ batch }) => batch.length)).toEqual([5, 3])
    started[0]?.finish()
    await nextTurn()
    expect(started.map(({ batch }) => batch.length)).toEqual([5, 3, 7])
  })

  it('answers nobody before their own batch is done', async () => {
    const { started, flusher } = slowDisk()
    const answered: string[] = []
    void flusher.submit(command).then(() => answered.push('first'))
    await nextTurn()
    void flusher.submit(command).then(() => answered.push('second'))
    await nextTurn()
    expect(answered).toEqual([])
    started[1]?.finish()
    await nextTurn()
    expect(answered).toEqual(['second'])
    started[0]?.finish()
    await nextTurn()
    expect(answered).toEqual(['second', 'first'])
  })

  it('refuses a write when too many wait, and takes the next once there is room', async () => {
    const { started, flusher } = slowDisk()
    const first = Array.from({ length: 50_000 }, () => flusher.submit(command))
    await expect(flusher.submit(command)).rejects.toThrow(DatabaseBusyError)
    await nextTurn()
    const later = flusher.submit(command)
    for (let next = started.shift(); next; next = started.shift()) {
      next.finish()
      await nextTurn()
    }
    expect(new Set(await Promise.all([...first, later])).size).toBe(50_001)
  })
})
