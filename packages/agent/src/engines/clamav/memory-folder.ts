import { statfsSync } from 'node:fs'

/** Where Linux keeps files in memory for whoever wants to. */
export const MEMORY_FOLDER = '/dev/shm'
const TMPFS_MAGIC = 0x01021994

/**
 * The folder for temporary files that live in memory, which spares clamd about a twentieth of its work: it makes and
 * removes a folder for each file that it reads.
 *
 * @param neededBytes what clamd may unpack at once: half of the memory that is free may go there, and no more
 * @returns undefined where the system has no such folder, or too little room
 */
export function findMemoryFolder(
  neededBytes: number,
  availableMemoryBytes: number,
  folder = MEMORY_FOLDER,
): string | undefined {
  if (process.platform !== 'linux' || availableMemoryBytes < neededBytes * 2) return undefined
  try {
    const { type, bavail, bsize } = statfsSync(folder)
    return type === TMPFS_MAGIC && bavail * bsize >= neededBytes ? folder : undefined
  } catch {
    // No such folder, as in a bare container.
    return undefined
  }
}
