import { closeSync, constants, openSync } from 'node:fs'

/** The kernel takes no longer path in one call (PATH_MAX is 4,096 with the final NUL); some room for what we append. */
const MAX_CALL_BYTES = 4_000
const SLASH = 0x2f

/**
 * Calls `use` with a path that means the same file and is short enough for the kernel.
 *
 * A longer one is walked in pieces, each opened relative to the one before. Only Linux offers that by path; elsewhere
 * the call fails with ENAMETOOLONG, which is reported like any other obstacle.
 */
export function reachPath<T>(path: Buffer, use: (path: Buffer) => T): T {
  if (path.length <= MAX_CALL_BYTES || process.platform !== 'linux') return use(path)
  const cut = path.lastIndexOf(SLASH, MAX_CALL_BYTES)
  if (cut <= 0) return use(path)
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  const descriptor = openSync(path.subarray(0, cut), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    return reachPath(inFolder(descriptor, path.subarray(cut + 1)), use)
  } finally {
    closeSync(descriptor)
  }
}

/** The path of a name in an open folder (Linux). */
export function inFolder(descriptor: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${descriptor}/`), name])
}

/** A folder's path, so that names can be appended to it. */
export function withSlash(folder: Buffer): Buffer {
  return folder.at(-1) === SLASH ? folder : Buffer.concat([folder, Buffer.of(SLASH)])
}

/** The path of a name in a folder, whose own path ends in a slash. Called for every file that a scan meets. */
export function appendName(folder: Buffer, name: Buffer): Buffer {
  const path = Buffer.allocUnsafe(folder.length + name.length)
  path.set(folder)
  path.set(name, folder.length)
  return path
}

/** The path of a name in a folder. */
export function joinPath(folder: Buffer, name: Buffer): Buffer {
  return appendName(withSlash(folder), name)
}
