import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Tier } from './work-list.ts'
import { WorkList } from './work-list.ts'

const MIB = 1024 * 1024

describe('a work list', () => {
  let folder: string
  let list: WorkList
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-work-'))
    list = new WorkList(folder)
  })
  afterEach(() => {
    list.close()
    rmSync(folder, { recursive: true })
  })

  let inode = 0n
  function add(name: string, bytes: number, file: { tier?: Tier; ino?: bigint } = {}): void {
    const { tier = 'first', ino } = file
    const stats = { dev: 1n, ino: ino ?? ++inode, nlink: ino === undefined ? 1n : 2n }
    list.add(tier, { path: Buffer.from(name), openPath: null, bytes, isKnown: false, stats })
  }
  const take = () => list.take()?.path.toString()
  const takeAll = () => [...list.rest()].map(({ path }) => path.toString())

  it('begins anew where a killed attempt left one', () => {
    add('/a', 1)
    list.close()
    list = new WorkList(folder)
    expect(list.files).toBe(0)
    add('/a', 1)
    expect(list.files).toBe(1)
  })

  it('gives out the largest first, then the small in the order of the walk, other names last, tier by tier', () => {
    list.complete()
    add('/rest-big', 9 * MIB, { tier: 'rest' })
    add('/small', 2)
    add('/linked', 1, { ino: 1_000n })
    add('/other-name', 1, { ino: 1_000n })
    add('/big', 3 * MIB)
    add('/bigger', 5 * MIB)
    add('/rest-small', 1, { tier: 'rest' })
    const inOrder = ['/bigger', '/big', '/small', '/linked', '/rest-big', '/rest-small', '/other-name']
    expect(takeAll()).toEqual(inOrder)
  })

  it('gives out small ones while more are added, and each once', () => {
    add('/rest', 1, { tier: 'rest' })
    add('/big', 3 * MIB)
    add('/a', 1)
    expect([take(), take(), take()]).toEqual(['/a', '/rest', undefined])
    add('/b', 1)
    add('/rest-b', 1, { tier: 'rest' })
    expect(take()).toBe('/b')
    add('/c', 1)
    list.complete()
    expect(takeAll()).toEqual(['/big', '/c', '/rest-b'])
  })

  it('takes any content for one that may come again while more may be added', () => {
    add('/a', 1)
    add('/b', 2)
    expect(list.take()?.isSizeShared).toBe(true)
    list.complete()
    add('/c', 3)
    add('/d', 3)
    add('/e', 4)
    expect([...list.rest()].map(({ isSizeShared }) => isSizeShared)).toEqual([true, true, true, false])
  })

  it('wakes who waits for a file, or for the end', async () => {
    const first = list.moved()
    add('/a', 1)
    await first
    const second = list.moved()
    list.complete()
    await second
    await list.moved()
  })

  it('gives out nothing more once it is abandoned', () => {
    add('/a', 1)
    add('/b', 1)
    expect(take()).toBe('/a')
    list.abandon()
    expect(list.isComplete).toBe(true)
    expect(takeAll()).toEqual([])
  })
})
