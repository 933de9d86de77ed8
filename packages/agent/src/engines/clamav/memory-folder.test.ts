import { expect, it } from 'vitest'
import { findMemoryFolder } from './memory-folder.ts'

const plenty = Number.MAX_SAFE_INTEGER

it('finds the folder in memory, unless memory or the folder is too small, or the folder is on a disk', () => {
  expect(findMemoryFolder(1, plenty)).toBe('/dev/shm')
  expect(findMemoryFolder(1_000, 1_999)).toBeUndefined()
  expect(findMemoryFolder(plenty / 4, plenty)).toBeUndefined()
  expect(findMemoryFolder(1, plenty, '/nowhere/at/all')).toBeUndefined()
  expect(findMemoryFolder(1, plenty, '/proc')).toBeUndefined()
})
