import { type BigIntStats, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { Type } from 'typebox'
import type { Judgement } from '../engines/engine.ts'
import { LazySchema } from '../kit/lazy-schema.ts'
import { int64 } from './file-mark.ts'

/** A file to judge. */
export type WorkItem = {
  id: number
  path: Buffer
  /** What to open where the path itself does not lead to the file: a running program that was deleted. */
  openPath: Buffer | null
  /** Which file it was when it was met; see `fileIdOf`. */
  fileId: string
  /** As counted when it was met. */
  bytes: number
  /** Has other names, which wait for what becomes of it. */
  isLinked: boolean
  /** Another file has as many bytes, so that it may hold the same. */
  isSizeShared: boolean
  /** Known to have been clean, and read again by choice. */
  isKnown: boolean
  /** The item of the same file under another name, to be judged before this one. */
  leader: number | null
}

/** What a full scan does first, and what after. */
export type Tier = 'first' | 'rest'

export type FileToAdd = {
  path: Buffer
  openPath: Buffer | null
  bytes: number
  stats: BigIntStats
  isKnown: boolean
}

const contentJudgement = new LazySchema(
  Type.Union([
    Type.Object({ kind: Type.Literal('clean') }),
    Type.Object({ kind: Type.Literal('threat'), threatName: Type.String() }),
    Type.Object({
      kind: Type.Literal('notJudged'),
      reason: Type.Enum(['engineLimit', 'encrypted']),
      detail: Type.String(),
    }),
  ]),
)

const BIG_BYTES = 2 * 1024 * 1024
const PAGE = 256
const ROWS_A_COMMIT = 5_000

/**
 * The files that a scan has met and not yet judged, on disk, so that millions of them take no memory.
 *
 * The file holds nothing that outlives the attempt, so it is never synced.
 */
export class WorkList {
  readonly #db: DatabaseSync
  readonly #insert: StatementSync
  readonly #findLeader: StatementSync
  readonly #noteSize: StatementSync
  readonly #findContent: StatementSync
  readonly #keepContent: StatementSync
  #uncommitted = 0
  #files = 0
  #bytes = 0

  constructor(workDir: string) {
    const path = join(workDir, 'work-list.sqlite')
    // Of an attempt that was killed: it says nothing that is still true.
    rmSync(path, { force: true })
    this.#db = new DatabaseSync(path)
    this.#db.exec(`
      PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
      CREATE TABLE file (
        id INTEGER PRIMARY KEY, tier INTEGER NOT NULL, path BLOB NOT NULL, open_path BLOB, bytes INTEGER NOT NULL,
        dev INTEGER NOT NULL, ino INTEGER NOT NULL, linked INTEGER NOT NULL, leader INTEGER, known INTEGER NOT NULL
      );
      CREATE TABLE size (bytes INTEGER PRIMARY KEY, is_shared INTEGER NOT NULL DEFAULT 0);
      CREATE TABLE content (sha256 TEXT PRIMARY KEY, judgement TEXT NOT NULL) WITHOUT ROWID;
      CREATE INDEX file_linked ON file (dev, ino) WHERE linked = 1 AND leader IS NULL;
      CREATE INDEX file_followers ON file (id) WHERE leader IS NOT NULL;
      CREATE INDEX file_small ON file (tier, id) WHERE bytes <= ${BIG_BYTES} AND leader IS NULL;
      CREATE INDEX file_big ON file (tier, bytes DESC, id) WHERE bytes > ${BIG_BYTES} AND leader IS NULL;
      BEGIN`)
    this.#insert = this.#db.prepare(
      'INSERT INTO file (tier, path, open_path, bytes, dev, ino, linked, leader, known) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#findLeader = this.#db.prepare(
      'SELECT id FROM file WHERE dev = ? AND ino = ? AND linked = 1 AND leader IS NULL',
    )
    this.#noteSize = this.#db.prepare(
      'INSERT INTO size (bytes) VALUES (?) ON CONFLICT DO UPDATE SET is_shared = 1 WHERE is_shared = 0',
    )
    this.#findContent = this.#db.prepare('SELECT judgement FROM content WHERE sha256 = ?')
    this.#keepContent = this.#db.prepare('INSERT OR REPLACE INTO content VALUES (?, ?)')
  }

  get files(): number {
    return this.#files
  }

  get bytes(): number {
    return this.#bytes
  }

  add(tier: Tier, file: FileToAdd): void {
    const { path, openPath, bytes, stats, isKnown } = file
    const linked = stats.nlink > 1n
    const same = [int64(stats.dev), int64(stats.ino)] as const
    const leader = linked ? numberOf(this.#findLeader.get(...same)?.id) : null
    this.#insert.run(
      tier === 'first' ? 0 : 1,
      path,
      openPath,
      bytes,
      ...same,
      linked ? 1 : 0,
      leader,
      isKnown ? 1 : 0,
    )
    if (leader === null) this.#noteSize.run(bytes)
    this.#files++
    this.#bytes += bytes
    this.#uncommitted++
    if (this.#uncommitted >= ROWS_A_COMMIT) {
      this.#uncommitted = 0
      this.#db.exec('COMMIT; BEGIN')
    }
  }

  /** What the engine said of a content; undefined while nothing was said. */
  findContent(sha256: string): Judgement | undefined {
    const text = this.#findContent.get(sha256)?.judgement
    const judgement: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
    return contentJudgement.Check(judgement) ? judgement : undefined
  }

  keepContent(sha256: string, judgement: Judgement): void {
    this.#keepContent.run(sha256, JSON.stringify(judgement))
  }

  /**
   * All files in the order to judge them: tier by tier, the big ones first and the largest before all, so that no
   * thread of the engine is left with a long one at the end; further names of the same file last.
   */
  *items(): Generator<WorkItem> {
    for (const tier of [0, 1]) {
      yield* this.#pages(
        `tier = ? AND bytes > ${BIG_BYTES} AND leader IS NULL AND (bytes < ? OR (bytes = ? AND id > ?))
         ORDER BY bytes DESC, id`,
        (last) => [tier, last?.bytes ?? Number.MAX_SAFE_INTEGER, last?.bytes ?? 0, last?.id ?? 0],
      )
      yield* this.#pages(
        `tier = ? AND bytes <= ${BIG_BYTES} AND leader IS NULL AND id > ? ORDER BY id`,
        (last) => [tier, last?.id ?? 0],
      )
    }
    yield* this.#pages('leader IS NOT NULL AND id > ? ORDER BY id', (last) => [last?.id ?? 0])
  }

  close(): void {
    this.#db.close()
  }

  *#pages(condition: string, after: (last: WorkItem | undefined) => number[]): Generator<WorkItem> {
    const page = this.#db.prepare(
      `SELECT id, path, open_path, bytes, dev || ':' || ino AS file_id, linked, leader, known,
         (SELECT is_shared FROM size WHERE size.bytes = file.bytes) AS shared FROM file WHERE ${condition} LIMIT ${PAGE}`,
    )
    for (let last: WorkItem | undefined; ; ) {
      const items = page.all(...after(last)).map(toItem)
      yield* items
      last = items.at(-1)
      if (!last || items.length < PAGE) return
    }
  }
}

function toItem(row: Record<string, SQLOutputValue>): WorkItem {
  return {
    id: Number(row.id),
    path: bytesOf(row.path) ?? Buffer.alloc(0),
    openPath: bytesOf(row.open_path),
    fileId: String(row.file_id),
    bytes: Number(row.bytes),
    isLinked: row.linked === 1,
    isSizeShared: row.shared === 1,
    isKnown: row.known === 1,
    leader: numberOf(row.leader),
  }
}

function bytesOf(value: SQLOutputValue | undefined): Buffer | null {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : null
}

function numberOf(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}
