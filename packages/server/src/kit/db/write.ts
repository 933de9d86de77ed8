import type { Instant, TenantId } from '@fleetsweep/protocol'
import type { CompiledQuery } from 'kysely'
import type { Dialect, Query, Row } from './query.ts'

/** A write as a value: it can wait in a queue, cross to another thread, and share a transaction with others. */
export type Command = { readonly kind: string; readonly tenant: TenantId }

/** What a write program knows besides its command. */
export type WriteContext = {
  readonly dialect: Dialect
  /** The moment of this command, strictly increasing within a node. */
  readonly at: Instant
}

/**
 * The steps of a write. It yields queries and gets their rows, so that the same steps run synchronously in SQLite's
 * writer thread and asynchronously on PostgreSQL, and nothing else can be awaited in between.
 */
export type WriteSteps<Outcome> = Generator<CompiledQuery, Outcome, readonly Row[]>

/**
 * One kind of write. `steps` decides with reads and `ON CONFLICT DO NOTHING` before it changes anything: a refusal is
 * an outcome, and it must leave nothing half-done, because the others of its batch commit all the same.
 */
export type Write<C extends Command, Outcome> = {
  readonly kind: C['kind']
  readonly steps: (command: C, context: WriteContext) => WriteSteps<Outcome>
}

/** Declares a kind of write; the result types `Database.write` and belongs into the server's list of writes. */
export function defineWrite<C extends Command, Outcome>(
  kind: C['kind'],
  steps: Write<C, Outcome>['steps'],
): Write<C, Outcome> {
  return { kind, steps }
}

/** Runs one query inside a write program: `const rows = yield* run(query)`. */
export function* run<R>(query: Query<R>): WriteSteps<readonly R[]> {
  // What comes back are the rows of exactly this query; Kysely's type says what they hold.
  return (yield query.compile()) as unknown as readonly R[]
}

/** All writes of a server by kind, as the executor of a batch looks them up. */
export type WriteList = ReadonlyMap<string, Write<Command, unknown>>

/** Collects writes; two with one name are a mistake that shows at start-up. */
export function writeList(writes: readonly AnyWrite[]): WriteList {
  const list = new Map<string, Write<Command, unknown>>()
  for (const write of writes) {
    if (list.has(write.kind)) throw new Error(`Two writes are called ${write.kind}.`)
    // A program only ever receives commands of its own kind: the map's key is that kind.
    list.set(write.kind, write as unknown as Write<Command, unknown>)
  }
  return list
}

// biome-ignore lint/suspicious/noExplicitAny: a list of writes holds every command type there is
type AnyWrite = Write<any, any>

/** A command with the moment that the flusher gave it. */
export type StampedCommand = { readonly command: Command; readonly at: Instant }

/** What became of one command of a batch: its outcome, or the error that kept it from having one. */
export type BatchResult = { readonly outcome: unknown } | { readonly error: string }
