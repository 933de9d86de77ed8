import {
  type BigIntStats,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  renameSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type Clock, MICROSECONDS_PER_MS } from '@fleetsweep/protocol'
import type { MountTable } from '../os/mount-table.ts'
import { errorCode } from '../scan/error-code.ts'
import { markOf } from '../scan/file-mark.ts'
import type { FileAttributes } from './file-attributes.ts'
import { type OpenFolder, openFolderOf } from './open-folder.ts'
import { pathOf, type QuarantineRecord } from './quarantine-record.ts'
import { RecordFiles } from './record-files.ts'
import { SealError, seal, sealedBytes, unseal, writeAll } from './sealed-copy.ts'
import { SetAside } from './set-aside.ts'

/** Moments at which the power may go; what is on disk at each of them loses nothing. */
export const STEPS = [
  'copyBegun',
  'copied',
  'removing',
  'setAside',
  'removed',
  'restoring',
  'written',
  'placing',
  'placed',
  'restored',
] as const
export type Step = (typeof STEPS)[number]

export type QuarantineParts = {
  /** Made where it is missing. */
  folder: string
  /** Folders of agent and engine, without links on the way: nothing in them is ever taken. */
  ownFolders: readonly string[]
  attributes: FileAttributes
  readMounts: () => MountTable
  packageOwner: (path: Buffer) => Promise<string | undefined>
  clock: Clock
  newId: () => string
  /** What all copies together may take. */
  maxBytes: number
  /** After so long a copy is deleted for good. */
  keepDays: number
  onStep?: (step: Step) => void
}

export type TakeRequest = {
  path: Buffer
  /** `markOf` the file that was judged; another file in its place is left alone. */
  mark?: string
  /** Of the content that was judged. */
  sha256?: string
  threatName: string
  actionId: string | null
  /** Person, application or policy. */
  takenBy: string
  /** Takes a file even if a package manager put it there. */
  force?: boolean
}

export type RestoreRequest = {
  id: string
  /** Another place than where it was. */
  to?: Buffer
  /** Replaces a file that is there. */
  overwrite?: boolean
}

/** `why` is a sentence for people. */
export type Refused = { kind: 'refused'; why: string }
export type Taken = { kind: 'quarantined'; record: QuarantineRecord } | Refused
/** `missing` names the attributes that the system did not take back. */
export type Restored = { kind: 'restored'; record: QuarantineRecord; missing: string[] } | Refused

/** The quarantine of a machine; where there is none, or it may not be used, why, as a sentence. */
export type QuarantineDesk = Pick<Quarantine, 'list' | 'take' | 'restore'> | { unavailable: string }

class Refusal extends Error {}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
const MS_PER_DAY = 86_400_000
const AT_REST: readonly string[] = ['quarantined', 'restored'] satisfies QuarantineRecord['stage'][]

/**
 * Keeps files in which a threat was found where nothing can run them, and gives them back as they were.
 *
 * Every step is on disk before the next; `recover` finishes or undoes what a crash cut short. One thing happens at a
 * time.
 */
export class Quarantine {
  readonly #parts: QuarantineParts
  readonly #files: RecordFiles
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: QuarantineParts) {
    this.#parts = parts
    this.#files = new RecordFiles(parts.folder)
  }

  list(): QuarantineRecord[] {
    return this.#files.list()
  }

  /** Finishes or undoes what a crash cut short, and deletes what was kept long enough. Call it once at the start. */
  recover(): void {
    for (const record of this.#files.list()) {
      try {
        this.#settle(record)
      } catch (error) {
        // Its folder cannot be worked in right now: record and copy stay for the next start.
        errorCode(error)
      }
    }
    this.#dropExpired()
  }

  /** Deletes what was kept long enough. @returns how many files */
  deleteExpired(): Promise<number> {
    return this.#inTurn(async () => this.#dropExpired())
  }

  /** Moves a file into quarantine. */
  take(request: TakeRequest): Promise<Taken> {
    return this.#inTurn(async () => {
      const id = this.#parts.newId()
      try {
        return { kind: 'quarantined', record: await this.#take(id, request) }
      } catch (error) {
        const record = this.#files.find(id)
        const settled = record && this.#settle(record)
        if (settled?.stage === 'quarantined') return { kind: 'quarantined', record: settled }
        return refused(error)
      }
    })
  }

  /** Puts a file back, with owner, mode, times and attributes. Only the time of its last change of state is new. */
  restore(request: RestoreRequest): Promise<Restored> {
    return this.#inTurn(async () => {
      const record = this.#files.find(request.id)
      if (record?.stage !== 'quarantined')
        return { kind: 'refused', why: 'The quarantine holds no such file.' }
      const target = request.to ?? pathOf(record)
      try {
        return await this.#restore(record, target, request.overwrite ?? false)
      } catch (error) {
        const now = this.#files.find(request.id)
        const settled = now && this.#settle(now)
        if (settled?.stage === 'restored') return { kind: 'restored', record: settled, missing: [] }
        return refused(error)
      }
    })
  }

  async #take(id: string, request: TakeRequest): Promise<QuarantineRecord> {
    const { attributes, onStep } = this.#parts
    const { folder, name, path } = openFolderOf(request.path)
    using _folder = folder
    await using file = await open(folder.at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const stats = fstatSync(file.fd, { bigint: true })
    await this.#mayTake(request, path, stats, folder)
    const copying: QuarantineRecord = {
      version: 1,
      id,
      stage: 'copying',
      pathBase64: path.toString('base64'),
      device: String(stats.dev),
      inode: String(stats.ino),
      mode: Number(stats.mode & 0o7777n),
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      accessedNs: String(stats.atimeNs),
      modifiedNs: String(stats.mtimeNs),
      xattrs: [...attributes.readXattrs(file.fd)].map(([key, value]) => ({
        name: key,
        base64: value.toString('base64'),
      })),
      otherNames: Number(stats.nlink) - 1,
      sizeBytes: Number(stats.size),
      sha256: null,
      threatName: request.threatName,
      actionId: request.actionId,
      takenBy: request.takenBy,
      takenAtMs: this.#nowMs(),
    }
    this.#files.write(copying)
    onStep?.('copyBegun')
    const sha256 = await this.#copy(id, file)
    onStep?.('copied')
    // The copy is of the file that was judged only if that did not change until it was read to its end.
    if (markOf(fstatSync(file.fd, { bigint: true })) !== markOf(stats))
      throw new Refusal('It changed meanwhile.')
    if (request.sha256 !== undefined && request.sha256 !== sha256)
      throw new Refusal('It holds something else now than when it was judged.')
    const removing: QuarantineRecord = { ...copying, stage: 'removing', sha256 }
    this.#files.write(removing)
    onStep?.('removing')
    {
      using aside = SetAside.open(folder, id)
      renameSync(folder.at(name), aside.path)
      onStep?.('setAside')
    }
    const settled = this.#settle(removing)
    if (settled === undefined) throw new Refusal('It was exchanged or changed meanwhile.')
    return settled
  }

  async #mayTake(request: TakeRequest, path: Buffer, stats: BigIntStats, folder: OpenFolder): Promise<void> {
    const { ownFolders, readMounts, packageOwner, maxBytes } = this.#parts
    if (!stats.isFile()) throw new Refusal('It is no ordinary file.')
    if (request.mark !== undefined && markOf(stats) !== request.mark)
      throw new Refusal('It is not the file any more that was judged.')
    const text = path.toString('latin1')
    const isOwn = ownFolders.some((own) => text.startsWith(`${Buffer.from(own).toString('latin1')}/`))
    if (isOwn) throw new Refusal('It is a file of the agent itself.')
    if (readMounts().holding(text)?.isLocal !== true) throw new Refusal('Its file system is not local.')
    if (stats.dev !== fstatSync(folder.descriptor, { bigint: true }).dev)
      throw new Refusal('Something is mounted in its place.')
    if (this.#files.bytes() + sealedBytes(Number(stats.size)) > maxBytes)
      throw new Refusal('The quarantine is full.')
    const owner = request.force ? undefined : await packageOwner(path)
    if (owner === 'noAnswer')
      throw new Refusal('The package manager does not say whether the file is its own.')
    if (owner !== undefined)
      throw new Refusal(`It belongs to a package (${owner}); force it if you are sure.`)
  }

  /** Writes the copy, puts it on disk, and reads it back from there. */
  async #copy(id: string, file: FileHandle): Promise<string> {
    await using copy = await open(this.#files.copyPath(id), O_RDWR | O_CREAT | O_EXCL, 0o600)
    const { sha256 } = await seal(file, copy, this.#files.key)
    await copy.sync()
    this.#files.sync()
    const readBack = await unseal(copy, this.#files.key, async () => {})
    if (readBack !== sha256) throw new Error('The copy in quarantine does not read back as it was written.')
    return sha256
  }

  async #restore(held: QuarantineRecord, target: Buffer, overwrite: boolean): Promise<Restored> {
    const { onStep } = this.#parts
    const { folder, name, path } = openFolderOf(target)
    using _folder = folder
    if (this.#parts.readMounts().holding(path.toString('latin1'))?.isLocal !== true)
      throw new Refusal('The file system of that place is not local.')
    const restoring: QuarantineRecord = {
      ...held,
      stage: 'restoring',
      restorePathBase64: path.toString('base64'),
    }
    this.#files.write(restoring)
    onStep?.('restoring')
    using aside = SetAside.open(folder, held.id)
    aside.drop()
    await using file = await open(aside.path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    await using copy = await open(this.#files.copyPath(held.id), O_RDONLY)
    const sha256 = await unseal(copy, this.#files.key, (chunk) => writeAll(file, chunk))
    if (sha256 !== held.sha256) throw new Refusal('The copy is not what was put into quarantine.')
    const missing = this.#giveAttributes(file.fd, held)
    fsyncSync(file.fd)
    onStep?.('written')
    const placed = fstatSync(file.fd, { bigint: true })
    const placing: QuarantineRecord = {
      ...restoring,
      stage: 'placing',
      device: String(placed.dev),
      inode: String(placed.ino),
    }
    this.#files.write(placing)
    onStep?.('placing')
    if (overwrite) renameSync(aside.path, folder.at(name))
    else linkSync(aside.path, folder.at(name))
    onStep?.('placed')
    const settled = this.#settle(placing)
    if (settled?.stage !== 'restored') throw new Refusal('Its name was taken away meanwhile.')
    return { kind: 'restored', record: settled, missing }
  }

  /** Changing the owner clears mode bits and capabilities, changing the mode rewrites the access list: in this order. */
  #giveAttributes(descriptor: number, held: QuarantineRecord): string[] {
    const { attributes } = this.#parts
    fchownSync(descriptor, held.uid, held.gid)
    const wanted = new Set(held.xattrs.map(({ name }) => name))
    // The folder may have handed down an access list that the file never had.
    for (const name of attributes.readXattrs(descriptor).keys()) {
      if (!wanted.has(name)) attributes.removeXattr(descriptor, name)
    }
    fchmodSync(descriptor, held.mode)
    const missing = held.xattrs
      .filter(({ name, base64 }) => !attributes.setXattr(descriptor, name, Buffer.from(base64, 'base64')))
      .map(({ name }) => name)
    attributes.setTimes(descriptor, BigInt(held.accessedNs), BigInt(held.modifiedNs))
    return missing
  }

  /**
   * Brings a record to rest, whatever stage it is found in; also the last step of every ordinary way.
   *
   * @returns `undefined` when the file was left where it was
   */
  #settle(record: QuarantineRecord): QuarantineRecord | undefined {
    switch (record.stage) {
      case 'copying':
        this.#files.drop(record.id)
        return undefined
      case 'removing':
        return this.#settleRemoval(record)
      case 'restoring':
      case 'placing':
        return this.#settleRestoring(record)
      case 'restored':
        this.#files.dropCopy(record.id)
        return record
      case 'quarantined':
        return record
    }
  }

  #settleRemoval(record: QuarantineRecord): QuarantineRecord | undefined {
    const outcome = inFolderOf(pathOf(record), (folder, name) => {
      using aside = SetAside.open(folder, record.id)
      const found = aside.stats()
      if (found === undefined) return isSame(lstatOf(folder.at(name)), record) ? 'kept' : 'gone'
      if (isSame(found, record)) {
        aside.drop()
        return 'gone'
      }
      aside.putBack(name)
      return 'kept'
    })
    if (outcome === 'kept') {
      this.#files.drop(record.id)
      return undefined
    }
    this.#parts.onStep?.('removed')
    return this.#keep({ ...record, stage: 'quarantined' })
  }

  #settleRestoring(record: QuarantineRecord): QuarantineRecord {
    const target = Buffer.from(record.restorePathBase64 ?? record.pathBase64, 'base64')
    const isPlaced = inFolderOf(target, (folder, name) => {
      using aside = SetAside.open(folder, record.id)
      const placed = record.stage === 'placing' && isSame(lstatOf(folder.at(name)), record)
      aside.drop()
      return placed
    })
    if (isPlaced !== true) return this.#keep({ ...record, stage: 'quarantined' })
    const restored = this.#keep({ ...record, stage: 'restored', restoredAtMs: this.#nowMs() })
    this.#parts.onStep?.('restored')
    this.#files.dropCopy(record.id)
    return restored
  }

  #dropExpired(): number {
    const until = this.#nowMs() - this.#parts.keepDays * MS_PER_DAY
    // One that could not be brought to rest may have its original set aside still.
    const expired = this.#files
      .list()
      .filter(({ takenAtMs, stage }) => takenAtMs < until && AT_REST.includes(stage))
    for (const { id } of expired) this.#files.drop(id)
    return expired.length
  }

  #keep(record: QuarantineRecord): QuarantineRecord {
    this.#files.write(record)
    return record
  }

  #nowMs(): number {
    return Math.floor(this.#parts.clock.now() / MICROSECONDS_PER_MS)
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }
}

/** @returns `undefined` where the folder is not there any more */
function inFolderOf<Result>(
  path: Buffer,
  use: (folder: OpenFolder, name: Buffer) => Result,
): Result | undefined {
  let opened: ReturnType<typeof openFolderOf>
  try {
    opened = openFolderOf(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error))) return undefined
    throw error
  }
  using folder = opened.folder
  return use(folder, opened.name)
}

function lstatOf(path: Buffer): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

/**
 * True for the file of the record with the content that it had. The number of the device does not count: it may be
 * another after a restart, and within one folder there is only one.
 */
function isSame(stats: BigIntStats | undefined, record: QuarantineRecord): boolean {
  return (
    stats?.isFile() === true &&
    String(stats.ino) === record.inode &&
    Number(stats.size) === record.sizeBytes &&
    String(stats.mtimeNs) === record.modifiedNs
  )
}

function refused(error: unknown): Refused {
  if (error instanceof Refusal || error instanceof SealError) return { kind: 'refused', why: error.message }
  const code = errorCode(error)
  if (code === 'EEXIST') return { kind: 'refused', why: 'There is a file of that name already.' }
  return { kind: 'refused', why: `The system does not let it happen (${code}).` }
}
