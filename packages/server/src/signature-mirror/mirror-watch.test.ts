import { MovableClock } from '@fleetsweep/testkit'
import { expect, it } from 'vitest'
import { watchMirror } from './mirror-watch.ts'
import type { MirroredDatabase, MirroredFile } from './signature-mirror.ts'

const database = (file: MirroredFile): MirroredDatabase => ({
  file,
  sizeBytes: 1,
  version: '1',
  builtAt: null,
  count: 1,
})

it('a server can serve as a mirror while it holds what freshclam cannot do without', async () => {
  const clock = new MovableClock()
  const held: MirroredDatabase[] = [database('daily.cvd'), database('bytecode.cvd')]
  let looks = 0
  const list = async () => {
    looks++
    return held
  }
  const holds = watchMirror({ list }, clock)
  expect(await holds()).toBe(false)
  held.push(database('main.cvd'))
  expect([await holds(), looks]).toEqual([false, 1])
  clock.advance('1m')
  expect([await holds(), await holds(), looks]).toEqual([true, true, 2])
})

it('a server is no mirror that is told to be none, or cannot read its folder', async () => {
  const clock = new MovableClock()
  expect(await watchMirror(null, clock)()).toBe(false)
  const list = () => Promise.reject(new Error('EACCES'))
  expect(await watchMirror({ list }, clock)()).toBe(false)
})
