import { runSqliteWriter } from './kit/db/sqlite-writer-thread.ts'
import { writes } from './writes.ts'

// The writer thread of a server that runs unbuilt; a bundle starts the thread from its one file instead.
runSqliteWriter(writes)
