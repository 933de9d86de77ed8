import type { FileSystemIdentity } from '../os/file-system-identity.ts'
import type { FileMark } from '../scan/file-mark.ts'

/** Their time of change moves with every write, and cannot be set by a program. */
const TRUSTED_FILE_SYSTEMS = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'zfs', 'f2fs'])
/** A write through a mapped page may be seen in the times only when the page is written back. */
const SETTLED_AFTER_MS = 60_000

/**
 * Tells of which files size and times prove that nothing was written between two looks. Of the others, whoever holds
 * them mapped into memory can change what they hold and nobody sees it.
 */
export class SteadyFiles {
  readonly #fileSystems: ReadonlyMap<bigint, FileSystemIdentity>
  readonly #nowMs: number

  /**
   * @param fileSystems by `st_dev`
   * @param nowMs since the epoch, when the scan began: what changes later is not steady
   */
  constructor(fileSystems: ReadonlyMap<bigint, FileSystemIdentity>, nowMs: number) {
    this.#fileSystems = fileSystems
    this.#nowMs = nowMs
  }

  /** The file system of a device, if its times can be trusted. */
  fileSystemOf(dev: bigint): FileSystemIdentity | undefined {
    const known = this.#fileSystems.get(dev)
    return known?.isBuiltIn && TRUSTED_FILE_SYSTEMS.has(known.kind) ? known : undefined
  }

  isSteady({ dev, mtimeNs, ctimeNs }: FileMark): boolean {
    const newestMs = Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n)
    // Times in the future are younger than anything.
    return this.#nowMs - newestMs >= SETTLED_AFTER_MS && this.fileSystemOf(dev) !== undefined
  }
}
