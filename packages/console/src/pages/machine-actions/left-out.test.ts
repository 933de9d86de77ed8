import { buildCoverage, buildReport } from '@fleetsweep/testkit'
import { expect, it } from 'vitest'
import { notScannedGroups, placesLeftOut, shownOf } from './left-out.ts'

it('groups what was not scanned by its reason, in the order of the coverage', () => {
  const notScannedSamples = [
    { reason: 'specialFile' as const, path: { text: '/pipe' }, detail: 'FIFO' },
    { reason: 'tooLarge' as const, path: { text: '/huge' } },
  ]
  const notScanned = { tooLarge: { files: 2, bytes: 900 }, specialFile: { files: 1, bytes: 0 } }
  const coverage = buildCoverage({ notScanned })
  const groups = notScannedGroups(buildReport({ coverage, notScannedSamples }))
  expect(groups.map(({ words, tally }) => [words, tally.files])).toEqual([
    ['larger than the file limit', 2],
    ['not a regular file', 1],
  ])
  expect(groups[0]?.samples).toEqual([{ reason: 'tooLarge', path: { text: '/huge' } }])
})

it('keeps a reason of which the report names no file', () => {
  const coverage = buildCoverage({ notScanned: { vanished: { files: 3, bytes: 0 } } })
  expect(notScannedGroups({ coverage, notScannedSamples: [] })).toMatchObject([
    { reason: 'vanished', samples: [] },
  ])
})

it('names places of which nobody knows what they hold', () => {
  const report = buildReport({
    directoriesUnreadable: [{ path: { text: '/root' }, detail: 'EACCES' }],
    mountsSkipped: [{ path: { text: '/net' }, fileSystem: 'nfs4' }],
    cuts: [{ place: { text: '/tmp' }, limit: '2,000 files' }],
  })
  expect(placesLeftOut(report).map(({ path, why }) => `${path}: ${why}`)).toEqual([
    '/root: unreadable folder (EACCES)',
    '/net: file system left out (nfs4)',
    '/tmp: cut short (2,000 files)',
  ])
})

it.each([
  [3, 3, undefined],
  [100, 2_000, 'The first 100 of 2,000 files.'],
  [0, 2, 'The report names none of them.'],
])('says that %d of %d are shown: %s', (shown, files, words) => {
  expect(shownOf(shown, { files })).toBe(words)
})
