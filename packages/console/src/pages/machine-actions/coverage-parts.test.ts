import { buildCoverage } from '@fleetsweep/testkit'
import { expect, it } from 'vitest'
import { coverageParts, picturedInWords } from './coverage-parts.ts'

const coverage = buildCoverage({
  scanned: { files: 999_999, bytes: 1_024 },
  notScanned: { tooLarge: { files: 1, bytes: 3_072 }, specialFile: { files: 10, bytes: 0 } },
})

it('shows what holds something by files, and by size only what has one', () => {
  expect(coverageParts(coverage, 'files').map(({ key }) => key)).toEqual([
    'scanned',
    'tooLarge',
    'specialFile',
  ])
  expect(coverageParts(coverage, 'bytes').map(({ key }) => key)).toEqual(['scanned', 'tooLarge'])
})

it('says in words what it shows, and never all while a single file is missing', () => {
  expect(picturedInWords(coverage, 'files')).toBe(
    'Of 1,000,010 files: > 99.9 % scanned, < 0.1 % not scanned: larger than the file limit, < 0.1 % not scanned: not a regular file',
  )
  expect(picturedInWords(coverage, 'bytes')).toBe(
    'Of 4.0 KiB: 25.0 % scanned, 75.0 % not scanned: larger than the file limit',
  )
  expect(picturedInWords(buildCoverage(), 'files')).toBe('Of 0 files: nothing')
})
