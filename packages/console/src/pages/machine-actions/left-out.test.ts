import { buildReport } from '@fleetsweep/testkit'
import { expect, it } from 'vitest'
import { leftOutRows } from './left-out.ts'

it('names at most ten files of one reason, and every reason', () => {
  const stopped = Array.from({ length: 30 }, (_, at) => ({
    reason: 'cancelled' as const,
    path: { text: `/a/${at}` },
  }))
  const pipe = { reason: 'specialFile' as const, path: { text: '/pipe' }, detail: 'FIFO' }
  const rows = leftOutRows(buildReport({ notScannedSamples: [...stopped, pipe] }))
  expect(rows.map(({ path }) => path)).toEqual([
    ...stopped.slice(0, 10).map(({ path }) => path.text),
    '/pipe',
  ])
  expect(rows.at(-1)?.why).toBe('not a regular file (FIFO)')
})

it('names each place that was excluded, and by whom', () => {
  const exclusions = [{ path: { text: '/srv/mail' }, source: 'policy' as const, files: 3, bytes: 2_048 }]
  expect(leftOutRows(buildReport({ exclusions }))).toEqual([
    { key: '0', path: '/srv/mail', why: "excluded by the server's policy (3 files, 2.0 KiB)" },
  ])
})
