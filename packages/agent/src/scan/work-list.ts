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
  stats: Pick<BigIntStats, 'dev' | 'ino' | 'nlink'>
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

/** What a full scan does first, and what after, as the list numbers them. */
const TIERS = [0, 1] as const
const BIG_BYTES = 2 * 1024 * 1024
const PAGE = 256
const MOST = Number.MAX_SAFE_INTEGER
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
  readonly #order = this.#inOrder()
  readonly #waiting = new Set<() => void>()
  #state: 'open' | 'complete' | 'abandoned' = 'open'
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

  /** False while the walk may still add files. */
  get isComplete(): boolean {
    return this.#state !== 'open'
  }

  /** Whether a file is on the list by another of its names. */
  hasOtherName(stats: FileToAdd['stats']): boolean {
    return stats.nlink > 1n && this.#findLeader.get(int64(stats.dev), int64(stats.ino)) !== undefined
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
    this.#wake()
  }

  /** The walk has ended: nothing is added any more. */
  complete(): void {
    if (this.#state === 'open') this.#state = 'complete'
    this.#wake()
  }

  /** Nothing is added any more, and nothing is to be judged any more. */
  abandon(): void {
    this.#state = 'abandoned'
    this.#wake()
  }

  /**
   * The next file to judge; undefined when there is none, or none yet (`isComplete`).
   *
   * While the walk goes on these are small ones in its order, so that the engine has work from the first folder on.
   * Then, tier by tier, the big ones and the largest before all, so that no thread of the engine is left with a long
   * one at the end; further names of the same file last.
   */
  take(): WorkItem | undefined {
    return this.#state === 'abandoned' ? undefined : (this.#order.next().value ?? undefined)
  }

  /** Settles when a file was added, or none will be. */
  moved(): Promise<void> {
    return this.isComplete ? Promise.resolve() : new Promise((wake) => this.#waiting.add(wake))
  }

  /** Takes all that is left. */
  *rest(): Generator<WorkItem> {
    for (let item = this.take(); item; item = this.take()) yield item
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

  close(): void {
    this.#db.close()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  *#inOrder(): Generator<WorkItem | undefined> {
    const small = this.#select(`tier = ? AND id > ? AND bytes <= ${BIG_BYTES} AND leader IS NULL ORDER BY id`)
    const taken: [number, number] = [0, 0]
    while (!this.isComplete) {
      let items: WorkItem[] = []
      for (const tier of TIERS) {
        items = this.#page(small, [tier, taken[tier]])
        for (const item of items) {
          taken[tier] = item.id
          // Another of as many bytes may still be met.
          yield { ...item, isSizeShared: true }
        }
        if (items.length > 0) break
      }
      if (items.length === 0) yield undefined
    }
    const big = this.#select(
      `tier = ? AND (bytes < ? OR (bytes = ? AND id > ?)) AND bytes > ${BIG_BYTES} AND leader IS NULL
       ORDER BY bytes DESC, id`,
    )
    for (const tier of TIERS) {
      yield* this.#pages(big, (last) => [tier, last?.bytes ?? MOST, last?.bytes ?? 0, last?.id ?? 0])
      yield* this.#pages(small, (last) => [tier, last?.id ?? taken[tier]])
    }
    const otherNames = this.#select('id > ? AND leader IS NOT NULL ORDER BY id')
    yield* this.#pages(otherNames, (last) => [last?.id ?? 0])
  }

  *#pages(select: StatementSync, after: (last: WorkItem | undefined) => number[]): Generator<WorkItem> {
    for (let last: WorkItem | undefined; ; ) {
      const items = this.#page(select, after(last))
      yield* items
      last = items.at(-1)
      if (!last || items.length < PAGE) return
    }
  }

  #page(select: StatementSync, after: number[]): WorkItem[] {
    return select.all(...after).map(toItem)
  }

  #select(what: string): StatementSync {
    return this.#db.prepare(
      `SELECT id, path, open_path, bytes, dev || ':' || ino AS file_id, linked, leader, known,
         (SELECT is_shared FROM size WHERE size.bytes = file.bytes) AS shared
       FROM file WHERE ${what} LIMIT ${PAGE}`,
    )
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
