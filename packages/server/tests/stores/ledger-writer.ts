import { runSqliteWriter } from '../../src/kit/db/sqlite-writer-thread.ts'
import { ledger } from './ledger-writes.ts'

runSqliteWriter(ledger.writes)
