import { readFileSync } from 'node:fs'

/** A mounted file system; `point` is the path's bytes read as latin1, so that it can be a key. */
export type Mount = {
  point: string
  fileSystem: string
  isLocal: boolean
  /** `major:minor`; absent where the system does not say. */
  device?: string
  /** What is mounted, such as `/dev/sda1`. */
  source?: string
}

/** File systems whose files are on this machine. Anything unknown counts as remote, and is reported as left out. */
const LOCAL_FILE_SYSTEMS = new Set(
  (
    'ext2 ext3 ext4 xfs btrfs zfs f2fs bcachefs jfs reiserfs nilfs2 ufs tmpfs ramfs ecryptfs ' +
    'vfat msdos exfat ntfs ntfs3 fuseblk hfs hfsplus apfs iso9660 udf erofs'
  ).split(' '),
)

/** Which file systems are mounted where. */
export class MountTable {
  readonly mounts: readonly Mount[]
  readonly #byPoint: Map<string, Mount>

  constructor(mounts: readonly Mount[]) {
    this.mounts = mounts
    // Of several mounted at one place the last hides the others.
    this.#byPoint = new Map(mounts.map((mount) => [mount.point, mount]))
  }

  /** What is mounted exactly here. */
  at(path: string): Mount | undefined {
    return this.#byPoint.get(path)
  }

  /** The file system that holds an absolute path, told without touching it: a dead network mount would never answer. */
  holding(path: string): Mount | undefined {
    for (let point = path; ; point = point.slice(0, Math.max(point.lastIndexOf('/'), 0))) {
      const mount = this.at(point === '' ? '/' : point)
      if (mount || point === '') return mount
    }
  }
}

/**
 * Local file systems under a folder that no walk from there reaches, because they are mounted within one that is left
 * out, as /dev/shm is within /dev.
 */
export function hiddenLocalMounts(table: MountTable, folder: string): Mount[] {
  const below = folder === '/' ? '/' : `${folder}/`
  return table.mounts.filter(
    ({ point, isLocal }) =>
      isLocal &&
      point.startsWith(below) &&
      point !== '/' &&
      table.holding(point.slice(0, Math.max(point.lastIndexOf('/'), 1)))?.isLocal === false,
  )
}

/** Reads the mounts of this process's namespace; elsewhere than on Linux one local file system is assumed. */
export function readMountTable(file = '/proc/self/mountinfo'): MountTable {
  if (process.platform !== 'linux')
    return new MountTable([{ point: '/', fileSystem: 'unknown', isLocal: true }])
  return new MountTable(parseMountInfo(readFileSync(file, 'latin1')))
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ', 2)
    const [, , device, , point] = before?.split(' ') ?? []
    const [fileSystem, source] = after?.split(' ') ?? []
    if (point === undefined || fileSystem === undefined) return []
    const unescaped = point.replace(/\\([0-7]{3})/g, (_, octal) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    )
    // As the root of a container an overlay is all there is; anywhere else its files are met in the folders under it.
    const isLocal = LOCAL_FILE_SYSTEMS.has(fileSystem) || (fileSystem === 'overlay' && unescaped === '/')
    return [{ point: unescaped, fileSystem, isLocal, ...(device && { device }), ...(source && { source }) }]
  })
}
