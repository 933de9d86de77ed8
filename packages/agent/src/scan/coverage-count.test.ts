import { addsUp, NOT_SCANNED_REASONS } from '@fleetsweep/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bucket, CoverageCount } from './coverage-count.ts'

const buckets: Bucket[] = ['scanned', 'duplicate', ...NOT_SCANNED_REASONS]

describe('counting what a scan covers', () => {
  it('adds up, whatever the files claim to be', () => {
    const file = fc.record({
      size: fc.oneof(fc.bigInt(0n, 1_000_000n), fc.bigInt(0n, 2n ** 63n - 1n)),
      bucket: fc.option(fc.constantFrom(...buckets)),
    })
    fc.assert(
      fc.property(fc.array(file), (files) => {
        const count = new CoverageCount()
        for (const { size, bucket } of files) {
          const bytes = count.meet(size)
          if (bucket) count.settle(bucket, bytes)
        }
        count.settleRest('cancelled')
        expect(addsUp(count.coverage)).toBe(true)
        expect(count.coverage.met.files).toBe(files.length)
        expect(Number.isSafeInteger(count.coverage.met.bytes)).toBe(true)
      }),
    )
  })

  it('keeps a hundred examples of each reason', () => {
    const count = new CoverageCount()
    for (let i = 0; i < 250; i++) {
      const reason = i % 2 ? 'vanished' : 'unreadable'
      count.settle(reason, count.meet(1n), { path: Buffer.from(`/${i}`), detail: 'ENOENT' })
    }
    expect(count.samples.map((samples) => samples.length).filter(Boolean)).toEqual([100, 100])
  })

  it('does not hold hundreds of giant paths', () => {
    const count = new CoverageCount()
    for (let i = 0; i < 100; i++) count.sampleOnly('unreadable', Buffer.alloc(15_000, 1), '')
    const kept = count.samples.flat()
    expect(kept.length).toBeLessThan(10)
  })
})
