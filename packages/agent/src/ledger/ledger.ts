import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { FileSystemIdentity } from '../os/file-system-identity.ts'
import { type FileMark, int64 } from '../scan/file-mark.ts'

/** Increased whenever the meaning of anything in the file changes: an older one is thrown away. */
const FORMAT = '1'
/** Their time of change moves with every write, and cannot be set by a program. */
const TRUSTED_FILE_SYSTEMS = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'zfs', 'f2fs'])
/** A write through a mapped page may be seen in the times only when the page is written back. */
const SETTLED_AFTER_MS = 60_000
const MS_A_DAY = 86_400_000
/** Every entry is read again after so many days, each on a day of its own within the spread. */
const TRUSTED_DAYS = { atLeast: 20, spread: 10 }
/** A clock that went back further has been set, and what it told before is worth nothing. */
const CLOCK_TOLERANCE_MS = 3_600_000
const ROWS_A_COMMIT = 2_000
const MAX_ENTRIES = 8_000_000

export type LedgerOptions = {
  /** Folder for the ledger alone; made when missing. */
  folder: string
  /** Of engine, signatures and everything else that a verdict depends on. */
  engineKey: string
  fileSystems: ReadonlyMap<bigint, FileSystemIdentity>
  /** New with every start of the machine: device numbers mean the same within one. */
  bootId: string
  nowMs: number
}

/**
 * Which files were clean, and what they were then. A file that is still the same, for the same engine with the same
 * signatures, need not be read again.
 *
 * What is in it is a promise, so that any doubt ends it: another engine, another format, a clock that went back, a file
 * that cannot be read. It is only ever made better by an engine's verdict about bytes that were read.
 */
export class Ledger {
  readonly #db: DatabaseSync
  readonly #find: StatementSync
  readonly #insert: StatementSync
  readonly #nowMs: number
  readonly #today: number
  readonly #fileSystemIds = new Map<bigint, number | undefined>()
  readonly #options: LedgerOptions
  #uncommitted = 0

  private constructor(options: LedgerOptions) {
    const { folder, nowMs } = options
    this.#options = options
    this.#nowMs = nowMs
    this.#today = Math.floor(nowMs / MS_A_DAY)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#db = new DatabaseSync(join(folder, 'ledger.sqlite'))
    try {
      this.#prepare()
      this.#find = this.#db.prepare(
        `SELECT day FROM entry WHERE fs = ? AND ino = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?`,
      )
      this.#insert = this.#db.prepare('INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)')
      this.#db.exec('BEGIN')
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** Opens the ledger; one that cannot be trusted, or read, is begun anew. */
  static open(options: LedgerOptions): Ledger {
    try {
      return new Ledger(options)
    } catch {
      // Torn or not ours: whatever it says is worth nothing.
      rmSync(options.folder, { recursive: true, force: true })
      return new Ledger(options)
    }
  }

  /** True when the file was clean and is what it was. */
  has(file: FileMark): boolean {
    const fs = this.#fileSystem(file.dev)
    if (fs === undefined) return false
    const row = this.#find.get(fs, ...tupleOf(file))
    return row !== undefined && this.#isTrusted(Number(row.day), file.ino)
  }

  /** Notes a file as clean; one that the ledger cannot know again for sure is left out. */
  keep(file: FileMark): void {
    const fs = this.#fileSystem(file.dev)
    if (fs === undefined || !this.#hasSettled(file)) return
    this.#insert.run(fs, ...tupleOf(file), this.#today)
    this.#uncommitted++
    if (this.#uncommitted < ROWS_A_COMMIT) return
    this.#uncommitted = 0
    this.#db.exec('COMMIT; BEGIN')
  }

  /** Forgets everything: something in it was not true. */
  throwAway(): void {
    this.#db.exec('DELETE FROM entry; COMMIT; BEGIN')
  }

  close(): void {
    const oldest = this.#today - TRUSTED_DAYS.atLeast - TRUSTED_DAYS.spread
    this.#db.prepare('DELETE FROM entry WHERE day < ?').run(oldest)
    const { entries } = this.#db.prepare('SELECT count(*) AS entries FROM entry').get() ?? {}
    if (Number(entries) > MAX_ENTRIES) this.#db.exec('DELETE FROM entry')
    this.#db.exec('COMMIT')
    this.#db.close()
  }

  #prepare(): void {
    const { engineKey, nowMs } = this.#options
    this.#db.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS file_system (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE);
      CREATE TABLE IF NOT EXISTS entry (
        fs INTEGER NOT NULL, ino INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        ctime_ns INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (fs, ino)
      ) WITHOUT ROWID`)
    const about = new Map(
      this.#db
        .prepare('SELECT name, value FROM about')
        .all()
        .map(({ name, value }) => [String(name), String(value)]),
    )
    const isSame = about.get('format') === FORMAT && about.get('engine') === engineKey
    const wentBack = nowMs < Number(about.get('lastUsedMs') ?? 0) - CLOCK_TOLERANCE_MS
    if (!isSame || wentBack) this.#db.exec('DELETE FROM entry')
    const set = this.#db.prepare('INSERT OR REPLACE INTO about VALUES (?, ?)')
    for (const [name, value] of Object.entries({
      format: FORMAT,
      engine: engineKey,
      lastUsedMs: String(nowMs),
    })) {
      set.run(name, value)
    }
  }

  /** Number of a file system in the ledger; undefined for one whose files it cannot know again. */
  #fileSystem(dev: bigint): number | undefined {
    if (this.#fileSystemIds.has(dev)) return this.#fileSystemIds.get(dev)
    const { fileSystems, bootId } = this.#options
    const known = fileSystems.get(dev)
    let id: number | undefined
    if (known && TRUSTED_FILE_SYSTEMS.has(known.kind)) {
      const identity = known.uuid === undefined ? `boot ${bootId} ${dev}` : `${known.kind} ${known.uuid}`
      this.#db.prepare('INSERT OR IGNORE INTO file_system (identity) VALUES (?)').run(identity)
      id = Number(this.#db.prepare('SELECT id FROM file_system WHERE identity = ?').get(identity)?.id)
    }
    this.#fileSystemIds.set(dev, id)
    return id
  }

  #isTrusted(day: number, ino: bigint): boolean {
    const { atLeast, spread } = TRUSTED_DAYS
    return day <= this.#today && this.#today - day < atLeast + Number(ino % BigInt(spread))
  }

  #hasSettled({ mtimeNs, ctimeNs }: FileMark): boolean {
    const newestMs = Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n)
    // Times in the future are younger than anything.
    return this.#nowMs - newestMs >= SETTLED_AFTER_MS
  }
}

function tupleOf({ ino, size, mtimeNs, ctimeNs }: FileMark): [bigint, bigint, bigint, bigint] {
  return [int64(ino), int64(size), int64(mtimeNs), int64(ctimeNs)]
}
