import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileSystemsByDevice } from './file-system-identity.ts'
import { MountTable, parseMountInfo } from './mount-table.ts'

describe('the identity of a file system', () => {
  let folder: string
  let sysBlockFolder: string
  let uuidFolder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-disks-'))
    sysBlockFolder = join(folder, 'sys/dev/block')
    uuidFolder = join(folder, 'by-uuid')
    for (const made of [sysBlockFolder, uuidFolder]) mkdirSync(made, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A disk as the kernel shows it, where it says whether it can be taken out. */
  function disk(path: string, device: string, removable: string | undefined): string {
    const at = join(folder, 'sys/devices', path)
    mkdirSync(at, { recursive: true })
    if (removable !== undefined) writeFileSync(join(at, 'removable'), `${removable}\n`)
    symlinkSync(at, join(sysBlockFolder, device))
    return at
  }

  /** A volume on other disks. */
  function volume(device: string, ...below: string[]): void {
    const slaves = join(disk('virtual/block/dm-0', device, undefined), 'slaves')
    mkdirSync(slaves)
    for (const [at, path] of below.entries()) symlinkSync(path, join(slaves, `disk${at}`))
  }

  function identityOf(device: string, fileSystem = 'ext4 /dev/vda1'): unknown {
    const table = new MountTable(parseMountInfo(`27 1 ${device} / / rw - ${fileSystem} rw`))
    return [...fileSystemsByDevice(table, { uuidFolder, sysBlockFolder }).values()][0]
  }

  it('is found by its device among all that the system knows', () => {
    symlinkSync('/dev/vda1', join(uuidFolder, '0a1b-2c'))
    disk('pci0000:00/virtio1/block/vda', '254:0', '0')
    disk('pci0000:00/virtio1/block/vda/vda1', '254:1', undefined)
    expect(identityOf('254:1')).toEqual({ kind: 'ext4', uuid: '0a1b-2c', isBuiltIn: true })
  })

  it('is by the number that files of it tell', () => {
    const table = new MountTable(parseMountInfo('27 1 259:70000 / / rw - ext4 /dev/nvme0n1 rw'))
    const known = fileSystemsByDevice(table, { uuidFolder, sysBlockFolder })
    expect([...known.keys()]).toEqual([(259n << 8n) | (70000n & 0xffn) | ((70000n & ~0xffn) << 12n)])
  })

  it.each([
    ['a stick', 'pci0000:00/usb2/2-1/block/sda', '0'],
    ['a card that can be taken out', 'pci0000:00/ata1/block/sr0', '1'],
    ['an image in a file', 'virtual/block/loop3', '0'],
    ['a disk that another machine serves', 'virtual/block/nbd0', '0'],
  ])('tells that %s is not built in', (_, path, removable) => {
    disk(path, '8:0', removable)
    expect(identityOf('8:0')).toMatchObject({ isBuiltIn: false })
  })

  it('looks through volumes at the disks that they lie on', () => {
    const inside = disk('pci0000:00/ata1/block/sda', '8:0', '0')
    const stick = disk('pci0000:00/usb2/2-1/block/sdb', '8:16', '0')
    volume('253:0', inside)
    expect(identityOf('253:0')).toMatchObject({ isBuiltIn: true })
    rmSync(join(folder, 'sys/devices/virtual'), { recursive: true })
    rmSync(join(sysBlockFolder, '253:0'))
    volume('253:0', inside, stick)
    expect(identityOf('253:0')).toMatchObject({ isBuiltIn: false })
  })

  it('takes a disk that cannot be looked up for one that is not built in', () => {
    expect(identityOf('8:0')).toMatchObject({ isBuiltIn: false })
  })

  it('lets a file system be that has no one disk', () => {
    expect(identityOf('0:35', 'zfs pool/data')).toMatchObject({ kind: 'zfs', isBuiltIn: true })
  })
})
