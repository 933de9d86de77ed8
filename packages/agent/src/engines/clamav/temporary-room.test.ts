import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { isWriteFailure, lackOfRoom } from './temporary-room.ts'

describe('the room for temporary files', () => {
  it('is enough, too small, or has no folder', () => {
    expect(lackOfRoom(tmpdir(), { bytes: 1, files: 1 })).toBeUndefined()
    expect(lackOfRoom(tmpdir(), { bytes: Number.MAX_SAFE_INTEGER, files: 1 })).toMatch(/is full$/)
    expect(lackOfRoom('/nowhere/at/all')).toMatch(/is not there: ENOENT/)
  })

  it.each([
    'LibClamAV Error: cli_writen: write error: No space left on device',
    'LibClamAV Error: cli_writen: write error: Disk quota exceeded',
    "LibClamAV Error: Can't create temporary directory for scan: /run/x/tmp/20261125_090842-scantemp.d757afadde.",
    "LibClamAV Error: cli_gentempfd: Can't create temporary file /tmp/x: No such file or directory",
  ])('is missed in %s', (line) => {
    expect(isWriteFailure(line)).toBe(true)
  })

  it.each([
    "/srv/LibClamAV Error: write error: Can't write to file ERROR",
    'LibClamAV Warning: cli_unzip: failed to write 544 inflated bytes',
    'Self checking disabled.',
  ])('is not missed in %s', (line) => {
    expect(isWriteFailure(line)).toBe(false)
  })
})
