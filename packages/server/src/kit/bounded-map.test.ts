import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedMap } from './bounded-map.ts'

const MAXIMUM = 8

describe('a bounded map', () => {
  it('never holds more than it may, answers right, and keeps the half used last', () => {
    const use = fc.record({ key: fc.nat(15), write: fc.boolean(), remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(use, { maxLength: 200 }), (uses) => {
        const map = new BoundedMap<number, number>(MAXIMUM)
        const truth = new Map<number, number>()
        uses.forEach(({ key, write, remove }, at) => {
          if (remove) {
            map.delete(key)
            truth.delete(key)
          } else if (write) map.set(key, at)
          const found = map.get(key)
          expect([undefined, write && !remove ? at : truth.get(key)]).toContain(found)
          // The latest use stands last.
          truth.delete(key)
          if (found !== undefined) truth.set(key, found)
          expect(map.size).toBeLessThanOrEqual(MAXIMUM)
          for (const [recent, value] of [...truth].slice(-1)) expect(map.get(recent)).toBe(value)
        })
        const recent = [...truth].slice(-MAXIMUM / 2)
        for (const [key, value] of recent) expect(map.get(key)).toBe(value)
      }),
    )
  })

  it('forgets what was used longest ago once it is full', () => {
    const map = new BoundedMap<number, string>(4)
    for (const key of [1, 2, 3, 4, 5]) map.set(key, String(key))
    expect([1, 2, 3, 4, 5].map((key) => map.get(key) !== undefined)).toEqual([false, false, true, true, true])
  })
})
