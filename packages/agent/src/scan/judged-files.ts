import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Detection, NOT_SCANNED_REASONS, type Tally } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'
import { type FileMark, int64 } from './file-mark.ts'

/** What an engine said of a file, good for as long as the file and the engine are what they were. */
export const Judged = Type.Union([
  Type.Object({ kind: Type.Literal('clean') }),
  Type.Object({ kind: Type.Literal('threat'), detection: Detection }),
  Type.Object({
    kind: Type.Literal('notScanned'),
    reason: Type.Enum(NOT_SCANNED_REASONS),
    detail: Type.String(),
  }),
])
export type Judged = Static<typeof Judged>
const judged = new LazySchema(Judged)

/** A verdict, and how its file was counted. */
export type JudgedAs = { outcome: Judged; isDuplicate: boolean }

const told = new LazySchema(Detection)

const ROWS_A_COMMIT = 32

/**
 * What this scan has judged so far: its checkpoint. After an interruption the folders are walked again, and what is
 * found here unchanged is not read again.
 *
 * Verdicts are committed a few at a time (`batchBytes`) and not synced: killed at any moment, the agent has lost these
 * few and the files that were in the engine's hands. A power cut may also take the last thousand or so; SQLite syncs
 * when it folds its log.
 */
export class JudgedFiles {
  readonly #db: DatabaseSync
  /** Each opening has a number of its own: an attempt may go over its files twice. */
  readonly #round: number
  readonly #insert: StatementSync
  readonly #find: StatementSync
  readonly #meet: StatementSync
  readonly #note: StatementSync
  readonly #tell: StatementSync
  readonly #hasEarlier: boolean
  /** Verdicts about fewer bytes than this together may wait for each other to be committed. */
  batchBytes = 0
  readonly #uncommitted: Tally = { files: 0, bytes: 0 }
  /** What was judged earlier and met again. */
  readonly carriedOver: Tally = { files: 0, bytes: 0 }
  /** What was judged earlier by another engine, other signatures or limits, and counts no more. */
  readonly judgedAgain: Tally

  /**
   * Opens the checkpoint of a scan, or begins one. What cannot be read, as after a power cut, is begun anew.
   *
   * @param engineKey of engine, signatures and limits: verdicts of others are forgotten
   */
  static open(workDir: string, engineKey: string): JudgedFiles {
    const path = join(workDir, 'judged.sqlite')
    try {
      return new JudgedFiles(path, engineKey)
    } catch {
      for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
      return new JudgedFiles(path, engineKey)
    }
  }

  private constructor(path: string, engineKey: string) {
    this.#db = new DatabaseSync(path)
    try {
      this.#db.exec(SCHEMA)
      this.judgedAgain = this.#forgetOthers(engineKey)
      const last = this.#db.prepare('SELECT max(round) AS round FROM attempt').get()?.round
      this.#round = Number(last ?? 0) + 1
      this.#db.prepare('INSERT INTO attempt VALUES (?)').run(this.#round)
      this.#hasEarlier = this.#db.prepare('SELECT 1 FROM judged LIMIT 1').get() !== undefined
      this.#insert = this.#db.prepare('INSERT OR REPLACE INTO judged VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      this.#find = this.#db.prepare(
        `SELECT duplicate, round, outcome FROM judged
         WHERE dev = ? AND ino = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?`,
      )
      this.#meet = this.#db.prepare('UPDATE judged SET round = ? WHERE dev = ? AND ino = ?')
      this.#note = this.#db.prepare('INSERT OR IGNORE INTO threat VALUES (?, 0, ?)')
      this.#tell = this.#db.prepare(
        `INSERT INTO threat VALUES (?, ?, ?) ON CONFLICT (place) DO UPDATE
         SET round = excluded.round, detection = excluded.detection WHERE round < excluded.round`,
      )
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** What was said earlier of a file that is still the same; a second name of it is a duplicate. */
  carryOver(stats: FileMark & { nlink: bigint }, bytes: number): JudgedAs | undefined {
    const found = this.#hasEarlier ? this.#read(stats) : undefined
    if (!found) return undefined
    const isOtherName = found.round === this.#round
    if (!isOtherName && stats.nlink > 1n) this.#meet.run(this.#round, int64(stats.dev), int64(stats.ino))
    this.carriedOver.files++
    this.carriedOver.bytes += bytes
    return { outcome: found.outcome, isDuplicate: isOtherName || found.isDuplicate }
  }

  /** What was said of a file that is still the same. */
  find(mark: FileMark): Judged | undefined {
    return this.#read(mark)?.outcome
  }

  keep(mark: FileMark, outcome: Judged, isDuplicate: boolean): void {
    const text = outcome.kind === 'clean' ? null : JSON.stringify(outcome)
    if (this.#uncommitted.files === 0) this.#db.exec('BEGIN')
    this.#uncommitted.files++
    this.#uncommitted.bytes += Number(mark.size)
    this.#insert.run(...keyOf(mark), isDuplicate ? 1 : 0, this.#round, text)
    const { files, bytes } = this.#uncommitted
    if (outcome.kind === 'threat' || files >= ROWS_A_COMMIT || bytes >= this.batchBytes) this.#commit()
  }

  /** Notes a threat whose file is about to be moved away, for good: a power cut must not leave the move alone known. */
  note(detection: Detection): void {
    this.#commit()
    this.#db.exec('PRAGMA synchronous = FULL')
    this.#note.run(placeOf(detection), JSON.stringify(detection))
    this.#db.exec('PRAGMA synchronous = NORMAL')
  }

  /**
   * Notes a threat before it is told.
   *
   * @returns false when it was told since this checkpoint was opened
   */
  tell(detection: Detection): boolean {
    return this.#tell.run(placeOf(detection), this.#round, JSON.stringify(detection)).changes > 0
  }

  /** Threats that were found earlier and not again, as in files that somebody has removed since. */
  *threatsNotMetAgain(): Generator<Detection> {
    const earlier = this.#db.prepare('SELECT detection FROM threat WHERE round < ? LIMIT 1')
    for (;;) {
      const row = earlier.get(this.#round)
      if (row === undefined) return
      const detection: unknown = JSON.parse(String(row.detection))
      if (!told.Check(detection) || !this.tell(detection))
        throw new Error('the checkpoint of the scan is torn')
      yield detection
    }
  }

  close(): void {
    try {
      this.#commit()
    } finally {
      this.#db.close()
    }
  }

  #commit(): void {
    if (this.#uncommitted.files === 0) return
    Object.assign(this.#uncommitted, { files: 0, bytes: 0 })
    this.#db.exec('COMMIT')
  }

  #forgetOthers(engineKey: string): Tally {
    if (this.#db.prepare('SELECT key FROM engine').get()?.key === engineKey) return { files: 0, bytes: 0 }
    const { files, bytes } =
      this.#db.prepare('SELECT count(*) AS files, total(size) AS bytes FROM judged').get() ?? {}
    this.#db.exec('BEGIN; DELETE FROM judged; DELETE FROM engine')
    this.#db.prepare('INSERT INTO engine VALUES (?)').run(engineKey)
    this.#db.exec('COMMIT')
    return { files: Number(files), bytes: Math.min(Number(bytes), Number.MAX_SAFE_INTEGER) }
  }

  #read(mark: FileMark): (JudgedAs & { round: number }) | undefined {
    const row = this.#find.get(...keyOf(mark))
    if (row === undefined) return undefined
    const outcome: unknown = row.outcome === null ? { kind: 'clean' } : JSON.parse(String(row.outcome))
    if (!judged.Check(outcome)) return undefined
    return { outcome, isDuplicate: row.duplicate === 1, round: Number(row.round) }
  }
}

const SCHEMA = `
  PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS engine (key TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS attempt (round INTEGER PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS judged (
    dev INTEGER NOT NULL, ino INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL, duplicate INTEGER NOT NULL, round INTEGER NOT NULL, outcome TEXT,
    PRIMARY KEY (dev, ino)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS threat (place TEXT PRIMARY KEY, round INTEGER NOT NULL, detection TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS threat_round ON threat (round)`

function keyOf({ dev, ino, size, mtimeNs, ctimeNs }: FileMark): [bigint, bigint, bigint, bigint, bigint] {
  return [int64(dev), int64(ino), int64(size), int64(mtimeNs), int64(ctimeNs)]
}

/** The same threat in the same place is one detection of a scan, as the server sees it. */
function placeOf({ threatName, path, innerPath }: Detection): string {
  return JSON.stringify([threatName, path.base64 ?? path.text, innerPath?.base64 ?? innerPath?.text])
}
