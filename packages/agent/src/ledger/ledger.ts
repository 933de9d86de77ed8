import { closeSync, lstatSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { FileSystemIdentity } from '../os/file-system-identity.ts'
import { type FileMark, int64 } from '../scan/file-mark.ts'
import { SteadyFiles } from './steady-files.ts'

/** Increased whenever the meaning of anything in the file changes: an older one is thrown away. */
const FORMAT = '2'
const MS_A_DAY = 86_400_000
/** Every entry is read again after so many days, each on a day of its own within the spread. */
const TRUSTED_DAYS = { atLeast: 20, spread: 10 }
/** Entries of files that are gone take room until then; looking for them means reading all. */
const TIDY_EVERY_DAYS = 7
/** A clock that went back further has been set, and what it told before is worth nothing. */
const CLOCK_TOLERANCE_MS = 3_600_000
const ROWS_A_COMMIT = 2_000
/** Five million files take a third of it, written in any order. */
const MAX_BYTES = 600 * 1024 * 1024

export type LedgerOptions = {
  /** Folder for the ledger alone; made when missing. */
  folder: string
  /** Of engine, signatures and everything else that a verdict depends on. */
  engineKey: string
  /** Of the operating system: a copy of a disk is another machine. */
  machineKey: string
  fileSystems: ReadonlyMap<bigint, FileSystemIdentity>
  /** New with every start of the machine: device numbers mean the same within one. */
  bootId: string
  nowMs: number
  maxBytes?: number
}

/**
 * Which files were clean, and what they were then. A file that is still the same, for the same engine with the same
 * signatures, need not be read again.
 *
 * What is in it is a promise, so that any doubt ends it: another engine, another machine, another format, a clock that
 * went back, a file that others could write or that cannot be read. It is only ever made better by an engine's verdict
 * about bytes that were read. A ledger that fails never fails a scan: it knows nothing more, and says so (`isBroken`).
 */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #today: number
  readonly #steady: SteadyFiles
  readonly #fileSystemIds = new Map<bigint, number | undefined>()
  /** Undefined once it failed. */
  #open: OpenLedger | undefined
  #uncommitted = 0

  private constructor(options: LedgerOptions) {
    this.#options = options
    this.#today = Math.floor(options.nowMs / MS_A_DAY)
    this.#steady = new SteadyFiles(options.fileSystems, options.nowMs)
    this.#open = openTrusted(options) ?? openAnew(options)
  }

  /** Opens the ledger; one that cannot be trusted, or read, is begun anew, and one that cannot be made knows nothing. */
  static open(options: LedgerOptions): Ledger {
    return new Ledger(options)
  }

  /** True once it could not be read or written: what it said before is in doubt, and it knows nothing more. */
  get isBroken(): boolean {
    return this.#open === undefined
  }

  /** True when the file was clean and is what it was. */
  has(file: FileMark): boolean {
    const day = this.#dayOf(file)
    return day !== undefined && this.#isTrusted(day, file.ino)
  }

  /** True when it holds the file as it is, though it may be due to be read again. */
  holds(file: FileMark): boolean {
    return this.#dayOf(file) !== undefined
  }

  /** Notes a file as clean; one that the ledger cannot know again for sure is left out. */
  keep(file: FileMark): void {
    if (!this.#steady.isSteady(file)) return
    this.#use((open) => {
      const fs = this.#fileSystem(open, file.dev)
      if (fs === undefined) return
      open.insert.run(fs, ...tupleOf(file), this.#today)
      this.#uncommitted++
      if (this.#uncommitted < ROWS_A_COMMIT) return
      this.#uncommitted = 0
      open.db.exec('COMMIT; BEGIN')
    })
  }

  /** Forgets everything: something in it was not true. It is on disk when this returns. */
  throwAway(): void {
    this.#use(({ db }) =>
      db.exec('COMMIT; PRAGMA synchronous = FULL; DELETE FROM entry; PRAGMA synchronous = NORMAL; BEGIN'),
    )
  }

  close(): void {
    this.#use(({ db }) => {
      tidy(db, this.#today)
      const { bytes } = db.prepare(SIZE).get() ?? {}
      if (Number(bytes) > (this.#options.maxBytes ?? MAX_BYTES)) db.exec('DELETE FROM entry')
      db.exec('COMMIT')
      db.close()
    })
  }

  #dayOf(file: FileMark): number | undefined {
    return this.#use((open) => {
      const fs = this.#fileSystem(open, file.dev)
      if (fs === undefined) return undefined
      const day = open.find.get(fs, ...tupleOf(file))?.day
      return day === undefined ? undefined : Number(day)
    })
  }

  /** A disk that is full or broken costs what is known, never the scan. */
  #use<T>(work: (open: OpenLedger) => T): T | undefined {
    if (this.#open === undefined) return undefined
    try {
      return work(this.#open)
    } catch {
      if (this.#open.db.isOpen) this.#open.db.close()
      this.#open = undefined
      rmSync(this.#options.folder, { recursive: true, force: true })
      return undefined
    }
  }

  /** Number of a file system in the ledger; undefined for one whose files it cannot know again. */
  #fileSystem({ db }: OpenLedger, dev: bigint): number | undefined {
    if (this.#fileSystemIds.has(dev)) return this.#fileSystemIds.get(dev)
    const { bootId } = this.#options
    const known = this.#steady.fileSystemOf(dev)
    let id: number | undefined
    if (known !== undefined) {
      const identity =
        known.uuid === undefined ? `${bootPrefix(bootId)}${dev}` : `${known.kind} ${known.uuid}`
      db.prepare('INSERT OR IGNORE INTO file_system (identity) VALUES (?)').run(identity)
      id = Number(db.prepare('SELECT id FROM file_system WHERE identity = ?').get(identity)?.id)
    }
    this.#fileSystemIds.set(dev, id)
    return id
  }

  #isTrusted(day: number, ino: bigint): boolean {
    const { atLeast, spread } = TRUSTED_DAYS
    return day <= this.#today && this.#today - day < atLeast + Number(ino % BigInt(spread))
  }
}

type OpenLedger = { db: DatabaseSync; find: StatementSync; insert: StatementSync }

const SIZE = 'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size'

/** True of a folder that nobody but this user can read or change, or that is not there. */
function isPrivate(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false })
  if (stats === undefined) return true
  return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0
}

/** @returns undefined for one that is torn or not ours alone: whatever it says is worth nothing */
function openTrusted(options: LedgerOptions): OpenLedger | undefined {
  if (!isPrivate(options.folder)) return undefined
  try {
    return openFile(options)
  } catch {
    return undefined
  }
}

/** @returns undefined where none can be made, as on a full disk */
function openAnew(options: LedgerOptions): OpenLedger | undefined {
  try {
    rmSync(options.folder, { recursive: true, force: true })
    return openFile(options)
  } catch {
    return undefined
  }
}

function openFile(options: LedgerOptions): OpenLedger {
  const { folder } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'ledger.sqlite')
  // Files that SQLite puts beside it have the mode of this one.
  closeSync(openSync(path, 'a', 0o600))
  const db = new DatabaseSync(path)
  try {
    prepare(db, options)
    const find = db.prepare(
      'SELECT day FROM entry WHERE fs = ? AND ino = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?',
    )
    const insert = db.prepare('INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)')
    db.exec('BEGIN')
    return { db, find, insert }
  } catch (error) {
    db.close()
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

function prepare(db: DatabaseSync, { engineKey, machineKey, bootId, nowMs }: LedgerOptions): void {
  db.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    BEGIN;
    CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS file_system (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS entry (
      fs INTEGER NOT NULL, ino INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
      ctime_ns INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (fs, ino)
    ) WITHOUT ROWID`)
  const expected = { format: FORMAT, engine: engineKey, machine: machineKey }
  const isSame = Object.entries(expected).every(([name, value]) => about(db, name) === value)
  const lastUsedMs = Number(about(db, 'lastUsedMs') ?? 0)
  const wentBack = nowMs < lastUsedMs - CLOCK_TOLERANCE_MS
  if (!isSame || wentBack) db.exec('DELETE FROM entry; DELETE FROM file_system')
  forgetEarlierBoots(db, bootId)
  for (const [name, value] of Object.entries(expected)) setAbout(db, name, value)
  // Many small steps back are one large one.
  setAbout(db, 'lastUsedMs', String(wentBack ? nowMs : Math.max(nowMs, lastUsedMs)))
  db.exec('COMMIT')
}

/** What was known by device numbers of before the last start can never be met again. */
function forgetEarlierBoots(db: DatabaseSync, bootId: string): void {
  const prefixes = [bootPrefix(''), bootPrefix(bootId)]
  const earlier = 'SELECT id FROM file_system WHERE instr(identity, ?) = 1 AND instr(identity, ?) <> 1'
  db.prepare(`DELETE FROM entry WHERE fs IN (${earlier})`).run(...prefixes)
  db.prepare(`DELETE FROM file_system WHERE id IN (${earlier})`).run(...prefixes)
}

function bootPrefix(bootId: string): string {
  return bootId === '' ? 'boot ' : `boot ${bootId} `
}

/** Removes what nobody has confirmed for so long that the file must be gone. */
function tidy(db: DatabaseSync, today: number): void {
  const tidied = Number(about(db, 'tidied') ?? Number.NEGATIVE_INFINITY)
  if (today >= tidied && today - tidied < TIDY_EVERY_DAYS) return
  db.prepare('DELETE FROM entry WHERE day < ?').run(today - TRUSTED_DAYS.atLeast - TRUSTED_DAYS.spread)
  setAbout(db, 'tidied', String(today))
}

function about(db: DatabaseSync, name: string): string | undefined {
  const value = db.prepare('SELECT value FROM about WHERE name = ?').get(name)?.value
  return value === undefined ? undefined : String(value)
}

function setAbout(db: DatabaseSync, name: string, value: string): void {
  db.prepare('INSERT OR REPLACE INTO about VALUES (?, ?)').run(name, value)
}

function tupleOf({ ino, size, mtimeNs, ctimeNs }: FileMark): [bigint, bigint, bigint, bigint] {
  return [int64(ino), int64(size), int64(mtimeNs), int64(ctimeNs)]
}
