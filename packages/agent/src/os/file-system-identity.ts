import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { MountTable } from './mount-table.ts'

const BY_UUID = '/dev/disk/by-uuid'
const SYS_BLOCK = '/sys/dev/block'
/** Disks on disks: encryption, volumes and snapshots on one another. */
const LAYERS_AT_MOST = 8

/** A file system as it can be known again after a restart of the machine, when devices may have other numbers. */
export type FileSystemIdentity = {
  /** Such as `ext4`. */
  kind: string
  /** Of the file system itself; undefined where it has none that can be read. */
  uuid: string | undefined
  /**
   * False for what may be written to behind this system's back, so that the times in it prove nothing: a medium that
   * is taken out and changed elsewhere, an image in a file, a disk that another machine serves.
   */
  isBuiltIn: boolean
}

/** The file systems that are mounted from devices, by `st_dev` as the system tells it of their files. */
export function fileSystemsByDevice(
  mounts: MountTable,
  { uuidFolder = BY_UUID, sysBlockFolder = SYS_BLOCK } = {},
): ReadonlyMap<bigint, FileSystemIdentity> {
  const uuids = uuidsByDevice(uuidFolder)
  return new Map(
    mounts.mounts.flatMap(({ device, source, fileSystem }) => {
      const number = device === undefined ? undefined : deviceNumber(device)
      if (device === undefined || number === undefined) return []
      const uuid = source?.startsWith('/') ? uuids.get(realPath(source)) : undefined
      const isBuiltIn = device.startsWith('0:') || isBuiltInDisk(join(sysBlockFolder, device))
      return [[number, { kind: fileSystem, uuid, isBuiltIn }] as const]
    }),
  )
}

/**
 * What the kernel tells of a disk, and of the disks that it lies on. A disk that cannot be looked up is not built in.
 * Numbers `0:…` belong to file systems that have no one disk, as zfs.
 *
 * @see https://www.kernel.org/doc/Documentation/ABI/stable/sysfs-block
 */
function isBuiltInDisk(entry: string, layers = 0): boolean {
  try {
    const folder = realpathSync(entry)
    if (/\/(?:usb\d+|virtual\/block\/(?:loop|nbd|zram|ram)\d+)(?:\/|$)/.test(folder)) return false
    const [, virtual] = /\/virtual\/block\/([^/]+)$/.exec(folder) ?? []
    if (virtual === undefined) return !isRemovable(folder)
    const below = readdirSync(join(folder, 'slaves'))
    if (below.length === 0 || layers === LAYERS_AT_MOST) return false
    return below.every((disk) => isBuiltInDisk(join(folder, 'slaves', disk), layers + 1))
  } catch {
    return false
  }
}

/** A partition says nothing of it: its disk does, one folder up. */
function isRemovable(folder: string): boolean {
  for (const at of [folder, dirname(folder)]) {
    try {
      return readFileSync(join(at, 'removable'), 'latin1').trim() !== '0'
    } catch {
      // Not here.
    }
  }
  return true
}

/** `st_dev` of `major:minor` on Linux (glibc's `makedev`). */
function deviceNumber(text: string): bigint | undefined {
  if (!/^\d{1,10}:\d{1,10}$/.test(text)) return undefined
  const [major = 0n, minor = 0n] = text.split(':').map(BigInt)
  return ((major & ~0xfffn) << 32n) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | (minor & 0xffn)
}

function uuidsByDevice(folder: string): ReadonlyMap<string, string> {
  try {
    return new Map(
      readdirSync(folder).map((uuid) => [resolve(folder, readlinkSync(join(folder, uuid))), uuid]),
    )
  } catch {
    // No udev here, as in most containers.
    return new Map()
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // Mounted from a device that this process cannot see.
    return path
  }
}
