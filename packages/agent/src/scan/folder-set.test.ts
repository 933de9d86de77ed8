import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FolderSet } from './folder-set.ts'

describe('the set of folders that were visited', () => {
  it('takes each folder once, whatever its numbers', () => {
    const number = fc.oneof(fc.bigInt({ min: 0n, max: 3n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    fc.assert(
      fc.property(fc.array(fc.record({ dev: number, ino: number }), { maxLength: 200 }), (folders) => {
        const set = new FolderSet()
        const seen = new Set<string>()
        for (const folder of folders) {
          const text = `${folder.dev}:${folder.ino}`
          expect(set.add(folder)).toBe(!seen.has(text))
          seen.add(text)
        }
      }),
    )
  })

  it('grows, and still knows all of them', () => {
    const set = new FolderSet()
    const inodes = Array.from({ length: 20_000 }, (_, n) => BigInt(n) << 20n)
    for (const ino of inodes) expect(set.add({ dev: 1n, ino })).toBe(true)
    for (const ino of inodes) expect(set.add({ dev: 1n, ino })).toBe(false)
  })
})
