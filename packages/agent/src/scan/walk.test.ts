import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Mount, MountTable } from '../os/mount-table.ts'
import { Walker } from './walk.ts'

describe('walking folders', () => {
  let top: string
  let met: string[]
  let skipped: Mount[]
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'fleetsweep-walk-'))
    met = []
    skipped = []
  })
  afterEach(() => rmSync(top, { recursive: true, force: true }))

  const write = (path: string) => {
    mkdirSync(join(top, path, '..'), { recursive: true })
    writeFileSync(join(top, path), path)
  }
  const tell = (path: Buffer) => {
    met.push(path.toString().slice(top.length + 1))
  }
  const walker = (mounts: Mount[] = [], signal = new AbortController().signal) =>
    new Walker({
      mounts: new MountTable([{ point: '/', fileSystem: 'ext4', isLocal: true }, ...mounts]),
      exclude: [],
      signal,
      visitor: {
        regularFile: tell,
        specialFile: tell,
        excludedFile: tell,
        unknownFile: tell,
        symlink: () => {},
        folder: () => {},
        unreadableFolder: (path, detail) => {
          met.push(`${detail} ${path.toString().slice(top.length + 1)}`)
        },
        mountSkipped: (mount) => skipped.push(mount),
      },
    })

  it('does not enter a file system that is not local, and says so once', async () => {
    write('here/file')
    write('remote/file')
    write('remote/disk/file')
    const remote = { point: join(top, 'remote'), fileSystem: 'nfs4', isLocal: false }
    const disk = { point: join(top, 'remote/disk'), fileSystem: 'ext4', isLocal: true }
    const one = walker([remote, disk])
    await one.meet(Buffer.from(top))
    await one.meet(Buffer.from(join(top, 'remote/file')))
    expect(met).toEqual(['here/file'])
    await one.meet(Buffer.from(disk.point))
    expect(met).toEqual(['here/file', 'remote/disk/file'])
    expect(skipped).toEqual([remote])
  })

  it('visits a folder once, whatever leads to it', async () => {
    write('a/b/file')
    const one = walker()
    for (const path of ['a/b', 'a', '', 'a/b/file']) await one.meet(Buffer.from(join(top, path)))
    expect(met.filter((path) => path === 'a/b/file')).toHaveLength(2)
    // Named after its folder was walked; a scan names files first.
  })

  it('does not meet a file again in its folder', async () => {
    write('a/file')
    const one = walker()
    await one.meet(Buffer.from(join(top, 'a/file')))
    await one.meet(Buffer.from(join(top, 'a/file')))
    await one.meet(Buffer.from(top))
    expect(met).toEqual(['a/file'])
  })

  it('stops at a cap and says so, also in folders below', async () => {
    for (let i = 0; i < 10; i++) write(`a/${i % 3}/${i}`)
    expect(await walker().meet(Buffer.from(top), { files: 4, bytes: 1_000 })).toBe(false)
    expect(met).toHaveLength(4)
    met = []
    expect(await walker().meet(Buffer.from(top), { files: 100, bytes: 9 })).toBe(false)
    expect(met.length).toBeGreaterThan(0)
    expect(met.length).toBeLessThan(5)
  })

  it('does not say so when everything just fitted', async () => {
    for (let i = 0; i < 4; i++) write(`a/${i}`)
    expect(await walker().meet(Buffer.from(top), { files: 4, bytes: 1_000 })).toBe(true)
    expect(met).toHaveLength(4)
  })

  it('tells what it was sent to and did not find', async () => {
    await walker().meet(Buffer.from(join(top, 'nowhere')))
    expect(met).toEqual(['nowhere'])
  })

  it('does not follow a link that it was sent to', async () => {
    write('a/file')
    symlinkSync(join(top, 'a'), join(top, 'link'))
    await walker().meet(Buffer.from(join(top, 'link')))
    expect(met).toEqual([])
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    for (let i = 0; i < 30; i++) write(`${i}/file`)
    stop.abort()
    await walker([], stop.signal).meet(Buffer.from(top))
    expect(met.length).toBeLessThan(30)
  })
})
