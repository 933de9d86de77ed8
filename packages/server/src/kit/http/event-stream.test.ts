import { MovableClock, until } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { EventStream } from './event-stream.ts'

describe('a stream of events', () => {
  it('lets a reader go that does not read, before it fills the memory', () => {
    const stream = new EventStream({ clock: new MovableClock(), mayGoOn: async () => true })
    const text = JSON.stringify({ filler: 'x'.repeat(1_000) })
    for (let sent = 0; sent < 400; sent += 1) stream.send('change', text)
    expect(stream.destroyed).toBe(false)
    for (let sent = 0; sent < 400; sent += 1) stream.send('change', text)
    expect(stream.destroyed).toBe(true)
  })

  it.each([
    ['says no', async () => false],
    [
      'cannot tell',
      async () => {
        throw new Error('no database')
      },
    ],
  ])('ends when whoever decides about its reader %s', async (_, mayGoOn) => {
    const clock = new MovableClock()
    const stream = new EventStream({ clock, mayGoOn }).resume()
    clock.advance('20s')
    await until(() => stream.readableEnded, 'the stream ended')
  })

  it('leaves no timer behind', () => {
    const clock = new MovableClock()
    new EventStream({ clock, mayGoOn: async () => true }).destroy()
    expect(clock.nextTimerInMs).toBeUndefined()
  })
})
