const SQLITE_IOERR = 10
const SQLITE_FULL = 13
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** True when an error means that a working file of ours could not be written, most often because its disk is full. */
export function isWriteFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('errcode' in error && typeof error.errcode === 'number') {
    // Its low byte is the kind, what is above says more.
    return [SQLITE_IOERR, SQLITE_FULL].includes(error.errcode & 0xff)
  }
  return 'code' in error && NO_ROOM.some((code) => code === error.code)
}
