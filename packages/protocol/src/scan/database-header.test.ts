import { describe, expect, it } from 'vitest'
import { parseDatabaseHeader } from './database-header.ts'

describe('the header of a signature database', () => {
  it.each(['', 'ClamAV-VDB', 'ClamAV-VDB:x:notanumber:1:1:a:b:c:1', 'Something:else:1:2:3:a:b:c:1'])(
    'is not %j',
    (header) => {
      expect(parseDatabaseHeader(header)).toBeUndefined()
    },
  )

  it('names when it was built, also where it names no seconds', () => {
    const header = 'ClamAV-VDB:16 Sep 2021 08-32 -0400:62:6647427:90:abc:def:sigmgr'
    expect(parseDatabaseHeader(header)).toEqual({
      version: '62',
      builtAt: '2021-09-16T12:32:00.000Z',
      count: 6_647_427,
    })
    expect(parseDatabaseHeader(`${header}:1624388302`.padEnd(512))?.builtAt).toBe('2021-06-22T18:58:22.000Z')
  })
})
