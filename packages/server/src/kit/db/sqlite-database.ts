import { Worker } from 'node:worker_threads'
import type { InstantSource } from '../instant-source.ts'
import type { Database } from './database.ts'
import { Flusher } from './flusher.ts'
import type { Migration } from './migration.ts'
import { migrateSqlite } from './migration.ts'
import { SqliteFile } from './sqlite-file.ts'
import type { FromWriter, SqliteWriterData, ToWriter } from './sqlite-writer-thread.ts'
import { SQLITE_WRITER } from './sqlite-writer-thread.ts'
import type { BatchResult, StampedCommand } from './write.ts'

/**
 * Opens the standalone database: one SQLite file, migrated first. Writes happen in a thread of their own, so that
 * waiting for the disk never holds up a request; reads use a connection of this thread.
 *
 * @param options.writerEntry the module to start the thread from; it must call `runSqliteWriter`
 * @throws Error when the file was written by a newer version
 */
export async function openSqlite(options: {
  path: string
  migrations: readonly Migration[]
  instants: InstantSource
  writerEntry: URL
  synchronous?: 'FULL' | 'OFF' | undefined
}): Promise<Database> {
  const synchronous = options.synchronous ?? 'FULL'
  migrateSqlite(options.path, synchronous, options.migrations)
  const writer = await startWriter(options.writerEntry, {
    program: SQLITE_WRITER,
    path: options.path,
    synchronous,
  })
  const reader = new SqliteFile(options.path, { readOnly: true, synchronous })
  const flusher = new Flusher(writer.execute, options.instants)
  return {
    dialect: 'sqlite',
    read: async (query) => reader.query(query.compile()) as never[],
    write: (write, command) => flusher.submit({ ...command, kind: write.kind } as never) as never,
    apply: async (commands) => writer.execute(flusher.stamp(commands)),
    async [Symbol.asyncDispose]() {
      await flusher.drain()
      reader.close()
      await writer.close()
    },
  }
}

async function startWriter(entry: URL, workerData: SqliteWriterData) {
  const worker = new Worker(entry, { workerData })
  const waiting = new Map<
    number,
    { resolve: (results: BatchResult[]) => void; reject: (error: Error) => void }
  >()
  let nextId = 1
  let broken: Error | undefined
  const ready = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  worker.on('message', (message: FromWriter) => {
    if ('ready' in message) ready.resolve()
    else if ('closed' in message) closed.resolve()
    else {
      waiting.get(message.id)?.resolve(message.results)
      waiting.delete(message.id)
    }
  })
  const fail = (error: Error) => {
    broken = error
    ready.reject(error)
    closed.resolve()
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  worker.on('error', (cause) => fail(new Error('The database writer has stopped.', { cause })))
  worker.on('exit', () => fail(new Error('The database writer has ended.')))
  ready.promise.catch(() => {})
  await ready.promise
  const send = (message: ToWriter) => worker.postMessage(message)
  return {
    execute(batch: readonly StampedCommand[]): Promise<BatchResult[]> {
      if (broken) return Promise.reject(broken)
      return new Promise((resolve, reject) => {
        const id = nextId++
        waiting.set(id, { resolve, reject })
        send({ id, batch })
      })
    },
    async close(): Promise<void> {
      send({ close: true })
      await closed.promise
      await worker.terminate()
    },
  }
}
