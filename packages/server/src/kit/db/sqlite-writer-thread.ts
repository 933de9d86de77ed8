import { parentPort, workerData } from 'node:worker_threads'
import { executeBatchSync, type SyncConnection } from './execute-batch.ts'
import { SqliteFile } from './sqlite-file.ts'
import type { BatchResult, StampedCommand, WriteList } from './write.ts'

export const SQLITE_WRITER = 'sqlite-writer'

/** What the thread is started with. */
export type SqliteWriterData = { program: typeof SQLITE_WRITER; path: string; synchronous: 'FULL' | 'OFF' }

export type ToWriter = { id: number; batch: readonly StampedCommand[] } | { close: true }
export type FromWriter = { ready: true } | { id: number; results: BatchResult[] } | { closed: true }

/** True in a thread that was started to write. */
export function isSqliteWriterThread(): boolean {
  return (workerData as { program?: unknown } | null)?.program === SQLITE_WRITER
}

/** Owns the one connection that writes; commits batch after batch until told to close. */
export function runSqliteWriter(writes: WriteList): void {
  const port = parentPort
  if (!port) throw new Error('The SQLite writer runs in a worker thread only.')
  const { path, synchronous } = workerData as SqliteWriterData
  const file = new SqliteFile(path, { readOnly: false, synchronous })
  const connection: SyncConnection = {
    query: (query) => file.query(query),
    begin: () => file.exec('BEGIN IMMEDIATE'),
    commit: () => file.exec('COMMIT'),
    rollback: () => file.rollback(),
  }
  port.on('message', (message: ToWriter) => {
    if ('close' in message) {
      file.close()
      port.postMessage({ closed: true } satisfies FromWriter)
      port.close()
      return
    }
    const results = executeBatchSync(connection, writes, 'sqlite', message.batch)
    port.postMessage({ id: message.id, results } satisfies FromWriter)
  })
  port.postMessage({ ready: true } satisfies FromWriter)
}
