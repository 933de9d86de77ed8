import {
  type BigIntStats,
  closeSync,
  constants,
  type Dirent,
  existsSync,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  statSync,
} from 'node:fs'
import { MAX_RENDERED_PATH_BYTES } from '@fleetsweep/protocol'
import type { Mount, MountTable } from '../os/mount-table.ts'
import { errorCode } from './error-code.ts'
import { FolderSet } from './folder-set.ts'
import { type PendingFolder, PendingFolders } from './pending-folders.ts'
import { appendName, joinPath, reachPath, withSlash } from './reach-path.ts'
import type { PlaceCap } from './scan-config.ts'
import { breathe, Turn } from './turn.ts'

/** What a walk meets; every file exactly once. */
export type WalkVisitor = {
  /**
   * @param openPath where the path itself does not lead to the file
   * @returns how many bytes of it are going to be read
   */
  regularFile(path: Buffer, stats: BigIntStats, openPath: Buffer | null): number
  specialFile(path: Buffer, kind: string): void
  /** @param exclusion what it lies in, as it was named */
  excludedFile(path: Buffer, stats: BigIntStats, exclusion: string): void
  /** It is there, and cannot even be looked at; or it was there a moment ago. */
  unknownFile(path: Buffer, reason: 'unreadable' | 'vanished', detail: string): void
  symlink(): void
  folder(): void
  unreadableFolder(path: Buffer, detail: string): void
  mountSkipped(mount: Mount): void
}

/** What a cap leaves; spent once a file was left out because of it. */
type Room = PlaceCap & { isSpent: boolean }

/** Through the open folder itself, nobody can put another in its place meanwhile, and no path is too long. */
const REACHES_BY_DESCRIPTOR = process.platform === 'linux' && existsSync('/proc/self/fd')

type Entry = { name: Buffer; dirent: Dirent }

const SORTED_AT_MOST = 20_000
const PAUSE = Symbol('pause')

/**
 * Walks folders without ever following a link, opening a special file, or touching a file system that is not local.
 *
 * Names are bytes throughout. A folder is visited once, by whatever mount or place it is reached first; files met by
 * name (`meetFile`) are not met again in their folders.
 */
export class Walker {
  readonly #mounts: MountTable
  /** By the bytes of a path, as it was named. */
  readonly #excluded: ReadonlyMap<string, string>
  readonly #visitor: WalkVisitor
  readonly #signal: AbortSignal
  readonly #visited = new FolderSet()
  readonly #metByName = new Set<string>()
  readonly #skippedMounts = new Set<string>()
  readonly #pace: () => Promise<void>
  readonly #turn = new Turn()

  constructor(options: {
    mounts: MountTable
    /** Absolute paths of folders and files. */
    exclude: readonly string[]
    visitor: WalkVisitor
    signal: AbortSignal
    /** Settles when the walk may go on. */
    pace?: () => Promise<void>
  }) {
    this.#mounts = options.mounts
    this.#excluded = new Map(options.exclude.map((path) => [key(Buffer.from(path)), path]))
    this.#visitor = options.visitor
    this.#signal = options.signal
    this.#pace = options.pace ?? (async () => {})
  }

  /**
   * Meets a file by name. All files that are named come before the folders: one that was met in its folder would be
   * met again.
   *
   * @returns false for a folder, which is left to `walkFolder`
   */
  meetFile(path: Buffer): boolean {
    if (this.#isElsewhere(path)) return true
    const stats = this.#look(path, () => reachPath(path, (short) => lstatSync(short, { bigint: true })))
    if (stats?.isDirectory()) return false
    if (!stats || this.#metByName.has(key(path))) return true
    this.#metByName.add(key(path))
    this.#file(path, stats, this.#exclusionOf(path))
    return true
  }

  /** Meets a file that its path does not lead to any more, through a link of the kernel's that still does. */
  meetThrough(path: Buffer, openPath: Buffer): void {
    const stats = this.#look(path, () => statSync(openPath, { bigint: true }))
    if (stats?.isFile()) this.#visitor.regularFile(path, stats, openPath)
    else if (stats) this.#visitor.specialFile(path, kindOf(stats))
  }

  /** Walks a folder with everything below it. @returns false when the cap cut it short */
  async walkFolder(top: Buffer, cap?: PlaceCap): Promise<boolean> {
    if (this.#isElsewhere(top)) return true
    const room: Room = {
      files: Number.POSITIVE_INFINITY,
      bytes: Number.POSITIVE_INFINITY,
      ...cap,
      isSpent: false,
    }
    const pending = new PendingFolders()
    const first = { path: top, excluded: this.#exclusionOf(top) }
    for (
      let next: PendingFolder | undefined = first;
      next && !room.isSpent && !this.#signal.aborted;
      next = pending.take()
    ) {
      const { path } = next
      const excluded = next.excluded ?? this.#excluded.get(key(path))
      pending.enter({ path, excluded })
      for (const name of this.#enter(path, excluded, room)) {
        if (name === PAUSE) {
          await breathe()
          await this.#pace()
        } else if (!pending.add(name)) {
          this.#visitor.unreadableFolder(joinPath(path, name), 'too many folders at once')
        }
        if (this.#signal.aborted) return true
      }
    }
    return !room.isSpent
  }

  /** Visits one folder; yields the names of the folders in it, and now and then a pause. */
  *#enter(path: Buffer, excluded: string | undefined, room: Room): Generator<Buffer | typeof PAUSE> {
    if (this.#turn.isOver()) yield PAUSE
    const mount = this.#mounts.at(key(path))
    if (mount && !mount.isLocal) return this.#skip(mount)
    if (path.length > MAX_RENDERED_PATH_BYTES) return this.#visitor.unreadableFolder(path, 'path too long')
    const descriptor = this.#open(path)
    if (descriptor === undefined) return
    try {
      const { dev, ino } = fstatSync(descriptor, { bigint: true })
      if (!this.#visited.add({ dev, ino })) return
      this.#visitor.folder()
      yield* this.#entries(path, descriptor, excluded, room)
    } catch (error) {
      this.#visitor.unreadableFolder(path, errorCode(error))
    } finally {
      closeSync(descriptor)
    }
  }

  #open(path: Buffer): number | undefined {
    const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants
    try {
      return reachPath(path, (short) => openSync(short, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK))
    } catch (error) {
      const code = errorCode(error)
      // Gone since its own folder was read: nothing of it was met.
      if (code !== 'ENOENT') this.#visitor.unreadableFolder(path, code)
      return undefined
    }
  }

  *#entries(
    path: Buffer,
    descriptor: number,
    excluded: string | undefined,
    room: Room,
  ): Generator<Buffer | typeof PAUSE> {
    const self = REACHES_BY_DESCRIPTOR ? Buffer.from(`/proc/self/fd/${descriptor}`) : path
    const through = withSlash(self)
    const reach = (name: Buffer) => appendName(through, name)
    const folder = withSlash(path)
    const isCapped = Number.isFinite(room.files) || Number.isFinite(room.bytes)
    for (const { name, dirent } of isCapped ? newestFirst(entriesOf(self), reach) : entriesOf(self)) {
      if (this.#turn.isOver()) yield PAUSE
      if (dirent.isSymbolicLink()) {
        this.#visitor.symlink()
        continue
      }
      if (dirent.isDirectory()) {
        yield name
        continue
      }
      const child = appendName(folder, name)
      const childKey = key(child)
      if (this.#metByName.has(childKey)) continue
      const mount = this.#mounts.at(childKey)
      if (mount && !mount.isLocal) {
        // A single file may be mounted, too; asking about it may wait for a server that is not there.
        this.#skip(mount)
        continue
      }
      if (room.files <= 0 || room.bytes <= 0) {
        room.isSpent = true
        return
      }
      const stats = this.#look(child, () => lstatSync(reach(name), { bigint: true }))
      if (!stats) continue
      // Some file systems do not tell the kind of an entry, and any entry may have been replaced since.
      if (stats.isDirectory()) yield name
      else room.bytes -= this.#file(child, stats, excluded ?? this.#excluded.get(childKey))
      room.files--
    }
  }

  /** @returns how many bytes of it are going to be read */
  #file(path: Buffer, stats: BigIntStats, exclusion: string | undefined): number {
    if (stats.isFile() && exclusion === undefined) return this.#visitor.regularFile(path, stats, null)
    if (stats.isSymbolicLink()) this.#visitor.symlink()
    else if (!stats.isFile()) this.#visitor.specialFile(path, kindOf(stats))
    else this.#visitor.excludedFile(path, stats, exclusion ?? '')
    return 0
  }

  #look(path: Buffer, look: () => BigIntStats): BigIntStats | undefined {
    try {
      return look()
    } catch (error) {
      const code = errorCode(error)
      this.#visitor.unknownFile(path, code === 'ENOENT' ? 'vanished' : 'unreadable', code)
      return undefined
    }
  }

  /** Told by the table alone: whoever touches a dead network file system waits for ever. */
  #isElsewhere(path: Buffer): boolean {
    const mount = this.#mounts.holding(key(path))
    if (!mount || mount.isLocal) return false
    this.#skip(mount)
    return true
  }

  #skip(mount: Mount): void {
    if (this.#skippedMounts.has(mount.point)) return
    this.#skippedMounts.add(mount.point)
    this.#visitor.mountSkipped(mount)
  }

  /** What a path lies in of all that is excluded. */
  #exclusionOf(path: Buffer): string | undefined {
    const text = key(path)
    const found = [...this.#excluded].find(([bytes]) => isAtOrBelow(text, bytes))
    return found?.[1]
  }
}

function isAtOrBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`)
}

/** One byte, one character: two paths have one key exactly when they are the same bytes. */
function key(path: Buffer): string {
  return path.toString('latin1')
}

function* entriesOf(folder: Buffer): Generator<Entry> {
  // Node takes 'buffer' here and gives Buffers, as for readdir; its types do not know.
  const open = opendirSync(folder, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 })
  try {
    for (let dirent = open.readSync(); dirent; dirent = open.readSync()) {
      const name: unknown = dirent.name
      if (!Buffer.isBuffer(name)) throw new Error('names of directory entries are not bytes')
      yield { name, dirent }
    }
  } finally {
    open.closeSync()
  }
}

/**
 * A cap cuts off what comes last, and what was put here a moment ago is what a quick scan is after. Of a folder that
 * holds more entries than are worth sorting, the rest follows as it comes.
 */
function* newestFirst(entries: Generator<Entry>, reach: (name: Buffer) => Buffer): Generator<Entry> {
  const first: { entry: Entry; at: bigint }[] = []
  while (first.length < SORTED_AT_MOST) {
    const { value: entry, done } = entries.next()
    if (done) break
    first.push({ entry, at: changedAt(reach(entry.name)) })
  }
  for (const { entry } of first.sort((a, b) => Number(b.at - a.at))) yield entry
  yield* entries
}

/** Of an entry that cannot be looked at, the beginning of time: its turn says what is wrong with it. */
function changedAt(path: Buffer): bigint {
  try {
    return lstatSync(path, { bigint: true }).ctimeNs
  } catch (error) {
    errorCode(error)
    return 0n
  }
}

function kindOf(stats: BigIntStats): string {
  if (stats.isFIFO()) return 'FIFO'
  if (stats.isSocket()) return 'socket'
  return stats.isBlockDevice() || stats.isCharacterDevice() ? 'device' : 'unknown kind'
}
