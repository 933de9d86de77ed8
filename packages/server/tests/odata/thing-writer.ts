import { runSqliteWriter } from '../../src/kit/db/sqlite-writer-thread.ts'
import { things } from './thing.ts'

runSqliteWriter(things.writes)
