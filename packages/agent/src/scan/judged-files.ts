import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Detection, NOT_SCANNED_REASONS, type Tally } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
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
const judged = Compile(Judged)

/** A verdict, and how its file was counted. */
export type JudgedAs = { outcome: Judged; isDuplicate: boolean }

/**
 * What this scan has judged so far: its checkpoint. After an interruption the folders are walked again, and what is
 * found here unchanged is not read again.
 *
 * Each verdict is committed by itself and not synced: killed at any moment, the agent has lost the files that were in
 * the engine's hands; after a power cut, some seconds more.
 */
export class JudgedFiles {
  readonly #db: DatabaseSync
  readonly #attempt: number
  readonly #insert: StatementSync
  readonly #find: StatementSync
  readonly #tell: StatementSync
  readonly #hasEarlier: boolean
  /** What an earlier attempt had judged and this one met again. */
  readonly carriedOver: Tally = { files: 0, bytes: 0 }

  /**
   * @param engineKey of engine, signatures and limits: what was judged by others is forgotten
   * @param attempt the number of this attempt, from 1
   */
  constructor(workDir: string, engineKey: string, attempt: number) {
    this.#attempt = attempt
    this.#db = new DatabaseSync(join(workDir, 'judged.sqlite'))
    this.#db.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS engine (key TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS judged (
        dev INTEGER NOT NULL, ino INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        ctime_ns INTEGER NOT NULL, duplicate INTEGER NOT NULL, attempt INTEGER NOT NULL, outcome TEXT,
        PRIMARY KEY (dev, ino)
      ) WITHOUT ROWID`)
    if (this.#db.prepare('SELECT key FROM engine').get()?.key !== engineKey) {
      this.#db.exec('BEGIN; DELETE FROM judged; DELETE FROM engine')
      this.#db.prepare('INSERT INTO engine VALUES (?)').run(engineKey)
      this.#db.exec('COMMIT')
    }
    this.#hasEarlier = this.#db.prepare('SELECT 1 FROM judged LIMIT 1').get() !== undefined
    this.#insert = this.#db.prepare('INSERT OR REPLACE INTO judged VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    this.#find = this.#db.prepare(
      `SELECT duplicate, attempt, outcome FROM judged
       WHERE dev = ? AND ino = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?`,
    )
    this.#tell = this.#db.prepare('UPDATE judged SET attempt = ? WHERE dev = ? AND ino = ?')
  }

  /** What an earlier attempt said of a file that is still the same; a second name of it is a duplicate. */
  carryOver(stats: FileMark & { nlink: bigint }, bytes: number): JudgedAs | undefined {
    const found = this.#hasEarlier ? this.#read(stats) : undefined
    if (!found) return undefined
    const isOtherName = found.attempt === this.#attempt
    if (!isOtherName && stats.nlink > 1n) this.#tell.run(this.#attempt, int64(stats.dev), int64(stats.ino))
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
    this.#insert.run(...keyOf(mark), isDuplicate ? 1 : 0, this.#attempt, text)
  }

  #read(mark: FileMark): (JudgedAs & { attempt: number }) | undefined {
    const row = this.#find.get(...keyOf(mark))
    if (row === undefined) return undefined
    const outcome: unknown = row.outcome === null ? { kind: 'clean' } : JSON.parse(String(row.outcome))
    if (!judged.Check(outcome)) return undefined
    return { outcome, isDuplicate: row.duplicate === 1, attempt: Number(row.attempt) }
  }

  close(): void {
    this.#db.close()
  }
}

function keyOf({ dev, ino, size, mtimeNs, ctimeNs }: FileMark): [bigint, bigint, bigint, bigint, bigint] {
  return [int64(dev), int64(ino), int64(size), int64(mtimeNs), int64(ctimeNs)]
}
