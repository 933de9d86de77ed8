import type { CompiledQuery } from 'kysely'
import type { Dialect, Row } from './query.ts'
import type { BatchResult, StampedCommand, WriteList } from './write.ts'

/** A connection inside SQLite's writer thread. */
export type SyncConnection = {
  query(query: CompiledQuery): readonly Row[]
  begin(): void
  commit(): void
  rollback(): void
}

/** A connection that answers later. */
export type AsyncConnection = {
  query(query: CompiledQuery): Promise<readonly Row[]>
  begin(): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
}

/**
 * Runs a batch in one transaction. When one command makes the database throw, the batch is rolled back and its
 * commands run again, each in a transaction of its own: the bad one alone fails, and the good ones pay nothing for
 * savepoints on the usual path.
 */
export function executeBatchSync(
  connection: SyncConnection,
  writes: WriteList,
  dialect: Dialect,
  batch: readonly StampedCommand[],
): BatchResult[] {
  const runOne = ({ command, at }: StampedCommand): unknown => {
    const steps = start(writes, dialect, command, at)
    let next = steps.next([])
    while (!next.done) next = steps.next(connection.query(next.value))
    return next.value
  }
  const runAll = (commands: readonly StampedCommand[]): BatchResult[] => {
    connection.begin()
    try {
      const results = commands.map((command) => ({ outcome: runOne(command) }))
      connection.commit()
      return results
    } catch (error) {
      connection.rollback()
      throw error
    }
  }
  try {
    return runAll(batch)
  } catch (error) {
    if (batch.length === 1) return [failed(error)]
    return batch.flatMap((command) => {
      try {
        return runAll([command])
      } catch (own) {
        return [failed(own)]
      }
    })
  }
}

/**
 * As `executeBatchSync`; `isTransient` names errors after which the same commands may be tried again.
 *
 * A batch locks what its commands need in the order in which they happened to gather, so two batches can wait for each
 * other for good, which costs both a second until the database ends one. Tried again as a whole it would meet the next
 * batch in the same way: its commands, which lock in an order of their own and hold little, go on one by one.
 */
export async function executeBatchAsync(
  connection: AsyncConnection,
  writes: WriteList,
  dialect: Dialect,
  batch: readonly StampedCommand[],
  isTransient: (error: unknown) => boolean,
): Promise<BatchResult[]> {
  const runOne = async ({ command, at }: StampedCommand): Promise<unknown> => {
    const steps = start(writes, dialect, command, at)
    let next = steps.next([])
    while (!next.done) next = steps.next(await connection.query(next.value))
    return next.value
  }
  const runAll = async (commands: readonly StampedCommand[]): Promise<BatchResult[]> => {
    await connection.begin()
    try {
      const results: BatchResult[] = []
      for (const command of commands) results.push({ outcome: await runOne(command) })
      await connection.commit()
      return results
    } catch (error) {
      await connection.rollback()
      throw error
    }
  }
  const runAlone = async (command: StampedCommand, attempts = ATTEMPTS_ALONE): Promise<BatchResult[]> => {
    try {
      return await runAll([command])
    } catch (error) {
      return isTransient(error) && attempts > 1 ? runAlone(command, attempts - 1) : [failed(error)]
    }
  }
  if (batch.length > 1) {
    const results = await runAll(batch).catch(() => undefined)
    if (results) return results
  }
  const results: BatchResult[] = []
  for (const command of batch) results.push(...(await runAlone(command)))
  return results
}

/** Two nodes that claim in opposite order deadlock; the database ends one of them, which then simply runs again. */
const ATTEMPTS_ALONE = 9

function start(
  writes: WriteList,
  dialect: Dialect,
  command: StampedCommand['command'],
  at: StampedCommand['at'],
) {
  const write = writes.get(command.kind)
  if (!write) throw new Error(`There is no write called ${command.kind}.`)
  return write.steps(command, { dialect, at })
}

function failed(error: unknown): BatchResult {
  return { error: error instanceof Error ? error.message : String(error) }
}
