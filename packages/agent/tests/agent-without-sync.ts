// The agent of `agent-process.ts` with a journal that waits for no disk: what the test of durability must be able to tell.
import { DatabaseSync } from 'node:sqlite'

const { exec } = DatabaseSync.prototype
DatabaseSync.prototype.exec = function (sql: string) {
  return exec.call(this, sql.replace('synchronous = FULL', 'synchronous = OFF'))
}
await import('./agent-process.ts')
