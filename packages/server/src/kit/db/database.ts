import type { Dialect, Query } from './query.ts'
import type { BatchResult, Command, Write } from './write.ts'

/** A database of this server. Reads go straight to it; writes gather in one flusher and share transactions. */
export interface Database extends AsyncDisposable {
  readonly dialect: Dialect

  /**
   * Runs a reading query against what is committed.
   *
   * @throws QueryTimeoutError when the database gives up on it
   */
  read<R>(query: Query<R>): Promise<R[]>

  /**
   * Queues a write and answers when its transaction is on disk.
   *
   * @throws DatabaseBusyError when too many writes wait already
   * @throws Error when the database refuses the command's own queries; the rest of its batch commits all the same
   */
  write<C extends Command, Outcome>(write: Write<C, Outcome>, command: Omit<C, 'kind'>): Promise<Outcome>

  /**
   * Applies commands in one transaction, in order, and tells of each what became of it. What `write` does underneath,
   * for those who already hold a batch.
   */
  apply(commands: readonly Command[]): Promise<readonly BatchResult[]>
}

/** More writes wait than the server will hold in memory. */
export class DatabaseBusyError extends Error {
  constructor() {
    super('Too many writes are waiting. Try again in a moment.')
    this.name = 'DatabaseBusyError'
  }
}

/** A query asked for more than the database can find in time. */
export class QueryTimeoutError extends Error {
  constructor(options: { cause: unknown }) {
    super(
      'The database did not find it in time. Ask for less, or filter by a property that has an index.',
      options,
    )
    this.name = 'QueryTimeoutError'
  }
}
