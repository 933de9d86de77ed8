import type { BigIntStats } from 'node:fs'

/** What tells one file in one state. */
export type FileMark = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>

/**
 * One file in one state, as text: equal marks mean that nothing was written to it. The time of change (ctime) cannot be
 * set back without changing the machine's clock.
 */
export function markOf({ dev, ino, size, mtimeNs, ctimeNs }: FileMark): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':')
}

/** Whether two looks saw one file in one state. */
export function isSame(a: FileMark, b: FileMark): boolean {
  return (
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  )
}

/** Device and inode number as text: the same as an item's `fileId` for the same file. */
export function fileIdOf({ dev, ino }: Pick<FileMark, 'dev' | 'ino'>): string {
  return `${int64(dev)}:${int64(ino)}`
}

/** Device and inode numbers use all 64 bits; SQLite's integers have a sign. */
export function int64(value: bigint): bigint {
  return BigInt.asIntN(64, value)
}
