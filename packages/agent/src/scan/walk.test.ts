import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Mount, MountTable } from '../os/mount-table.ts'
import { Walker } from './walk.ts'

/** The time of change cannot be set, only renewed; on some kernels it ticks in milliseconds. */
function renewChangeTime(path: string, after: bigint): bigint {
  for (;;) {
    chmodSync(path, 0o700)
    const { ctimeNs } = lstatSync(path, { bigint: true })
    if (ctimeNs > after) return ctimeNs
  }
}

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
        regularFile: (path, { size }) => {
          tell(path)
          return Number(size)
        },
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
    await one.walkFolder(Buffer.from(top))
    expect(one.meetFile(Buffer.from(join(top, 'remote/file')))).toBe(true)
    expect(met).toEqual(['here/file'])
    await one.walkFolder(Buffer.from(disk.point))
    expect(met).toEqual(['here/file', 'remote/disk/file'])
    expect(skipped).toEqual([remote])
  })

  it('does not look at a single file that is mounted from elsewhere', async () => {
    for (const name of ['here', 'remote']) write(name)
    const remote = { point: join(top, 'remote'), fileSystem: 'nfs4', isLocal: false }
    await walker([remote]).walkFolder(Buffer.from(top))
    expect(met).toEqual(['here'])
    expect(skipped).toEqual([remote])
  })

  it('gives up for a trouble that is not of the file system', async () => {
    write('file')
    const failing = walker()
    met.push = () => {
      throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR' })
    }
    await expect(failing.walkFolder(Buffer.from(top))).rejects.toThrow('database or disk is full')
  })

  it('visits a folder once, whatever leads to it', async () => {
    write('a/b/file')
    const one = walker()
    for (const path of ['a/b', 'a', '', 'a/b']) await one.walkFolder(Buffer.from(join(top, path)))
    expect(met).toEqual(['a/b/file'])
  })

  it('does not meet a file again in its folder', async () => {
    write('a/file')
    const one = walker()
    expect(one.meetFile(Buffer.from(join(top, 'a')))).toBe(false)
    one.meetFile(Buffer.from(join(top, 'a/file')))
    one.meetFile(Buffer.from(join(top, 'a/file')))
    await one.walkFolder(Buffer.from(top))
    expect(met).toEqual(['a/file'])
  })

  it('stops at a cap and says so, also in folders below', async () => {
    for (let i = 0; i < 10; i++) write(`a/${i % 3}/${i}`)
    expect(await walker().walkFolder(Buffer.from(top), { files: 4, bytes: 1_000 })).toBe(false)
    expect(met).toHaveLength(4)
    met = []
    expect(await walker().walkFolder(Buffer.from(top), { files: 100, bytes: 9 })).toBe(false)
    expect(met.length).toBeGreaterThan(0)
    expect(met.length).toBeLessThan(5)
  })

  it('spends a cap on what changed last', async () => {
    for (const name of ['old/1', 'old/2', 'new/1', 'a', 'b']) write(name)
    let latest = 0n
    for (const name of ['old', 'a', 'b', 'new']) latest = renewChangeTime(join(top, name), latest)
    expect(await walker().walkFolder(Buffer.from(top), { files: 3, bytes: 1_000 })).toBe(false)
    expect(met).toEqual(['b', 'a', 'new/1'])
  })

  it('does not say so when everything just fitted', async () => {
    for (let i = 0; i < 4; i++) write(`a/${i}`)
    expect(await walker().walkFolder(Buffer.from(top), { files: 4, bytes: 1_000 })).toBe(true)
    expect(met).toHaveLength(4)
  })

  it('tells what it was sent to and did not find', () => {
    walker().meetFile(Buffer.from(join(top, 'nowhere')))
    expect(met).toEqual(['nowhere'])
  })

  it('does not follow a link that it was sent to', () => {
    write('a/file')
    symlinkSync(join(top, 'a'), join(top, 'link'))
    expect(walker().meetFile(Buffer.from(join(top, 'link')))).toBe(true)
    expect(met).toEqual([])
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    for (let i = 0; i < 30; i++) write(`${i}/file`)
    stop.abort()
    await walker([], stop.signal).walkFolder(Buffer.from(top))
    expect(met.length).toBeLessThan(30)
  })
})
