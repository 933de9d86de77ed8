import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { MountTable } from './mount-table.ts'

const BY_UUID = '/dev/disk/by-uuid'

/** A file system as it can be known again after a restart of the machine, when devices may have other numbers. */
export type FileSystemIdentity = {
  /** Such as `ext4`. */
  kind: string
  /** Of the file system itself; undefined where it has none that can be read. */
  uuid: string | undefined
}

/** The file systems that are mounted from devices, by `st_dev` as the system tells it of their files. */
export function fileSystemsByDevice(
  mounts: MountTable,
  uuidFolder = BY_UUID,
): ReadonlyMap<bigint, FileSystemIdentity> {
  const uuids = uuidsByDevice(uuidFolder)
  return new Map(
    mounts.mounts.flatMap(({ device, source, fileSystem }) => {
      const number = device === undefined ? undefined : deviceNumber(device)
      if (number === undefined) return []
      const uuid = source?.startsWith('/') ? uuids.get(realPath(source)) : undefined
      return [[number, { kind: fileSystem, uuid }] as const]
    }),
  )
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
