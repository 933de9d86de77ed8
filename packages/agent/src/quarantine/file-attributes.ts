import { bindCLibrary, type CLibrary } from '../os/c-library.ts'

/** What of a file the standard library cannot read or set to the last bit, by the C library. Linux only. */
export interface FileAttributes {
  /** Every extended attribute, access control lists among them (`system.posix_acl_access`). Names are ASCII. */
  readXattrs(descriptor: number): Map<string, Buffer>
  /** @returns false where the system does not take it */
  setXattr(descriptor: number, name: string, value: Buffer): boolean
  /** @returns false where the system keeps it */
  removeXattr(descriptor: number, name: string): boolean
  /** Nanoseconds since the epoch. */
  setTimes(descriptor: number, accessedNs: bigint, modifiedNs: bigint): void
}

/** The kernel's own bounds (XATTR_LIST_MAX, XATTR_SIZE_MAX). */
const MAX_XATTR_BYTES = 65_536
const NS_PER_SECOND = 1_000_000_000n

/**
 * Loads what reading and setting attributes needs from the C library.
 *
 * @returns why not, where this machine cannot
 */
export function loadFileAttributes(): Promise<FileAttributes | { unavailable: string }> {
  return bindCLibrary(bind)
}

function bind({ declare, failedWith, failure }: CLibrary): FileAttributes {
  const flistxattr: (file: number, list: Buffer, size: number) => number = declare(
    'int64_t flistxattr(int, void *, size_t)',
  )
  const fgetxattr: (file: number, name: string, value: Buffer, size: number) => number = declare(
    'int64_t fgetxattr(int, const char *, void *, size_t)',
  )
  const fsetxattr: (file: number, name: string, value: Buffer, size: number, flags: number) => number =
    declare('int fsetxattr(int, const char *, const void *, size_t, int)')
  const fremovexattr: (file: number, name: string) => number = declare('int fremovexattr(int, const char *)')
  const futimens: (file: number, times: Buffer) => number = declare('int futimens(int, const void *)')

  // Outside V8's heap, as every Buffer of this size: it does not move while C code fills it.
  const room = Buffer.alloc(MAX_XATTR_BYTES)

  function readXattrs(descriptor: number): Map<string, Buffer> {
    const xattrs = new Map<string, Buffer>()
    const listed = flistxattr(descriptor, room, room.length)
    if (listed < 0) {
      if (failedWith('ENOTSUP')) return xattrs
      throw failure('The extended attributes cannot be listed')
    }
    const names = room.toString('latin1', 0, listed).split('\0').filter(Boolean)
    for (const name of names) {
      const size = fgetxattr(descriptor, name, room, room.length)
      if (size < 0) throw failure(`The attribute ${name} cannot be read`)
      xattrs.set(name, Buffer.from(room.subarray(0, size)))
    }
    return xattrs
  }

  return {
    readXattrs,
    setXattr: (descriptor, name, value) => fsetxattr(descriptor, name, value, value.length, 0) === 0,
    removeXattr: (descriptor, name) => fremovexattr(descriptor, name) === 0,
    setTimes(descriptor, accessedNs, modifiedNs) {
      // Two `struct timespec` of 64-bit little-endian Linux: seconds and nanoseconds, 8 bytes each.
      const times = Buffer.alloc(32)
      for (const [at, ns] of [accessedNs, modifiedNs].entries()) {
        const part = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND
        times.writeBigInt64LE((ns - part) / NS_PER_SECOND, at * 16)
        times.writeBigInt64LE(part, at * 16 + 8)
      }
      if (futimens(descriptor, times) !== 0) throw failure('The times cannot be set')
    },
  }
}
