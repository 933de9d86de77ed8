import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const SQLITE_BUSY = 5

/**
 * Takes a state folder for this process. The lock is SQLite's own on an empty file: the kernel lets it go with the
 * process, however that ends, so no stale lock is ever left behind.
 *
 * @returns `undefined` while another process holds it
 */
export function lockState(stateDir: string): Disposable | undefined {
  const path = lockPath(stateDir)
  closeSync(openSync(path, 'a', 0o600))
  // `status` looks at the lock for a moment; a short wait keeps it from turning a start away.
  return hold(path, 'BEGIN EXCLUSIVE', 1_000)
}

/** True while a process holds the lock of a state folder. */
export function isStateLocked(stateDir: string): boolean {
  const path = lockPath(stateDir)
  if (!existsSync(path)) return false
  const mine = hold(path, 'BEGIN; SELECT * FROM sqlite_schema', 0)
  mine?.[Symbol.dispose]()
  return mine === undefined
}

function lockPath(stateDir: string): string {
  return join(stateDir, 'agent.lock')
}

function hold(path: string, sql: string, timeoutMs: number): Disposable | undefined {
  const database = new DatabaseSync(path, { timeout: timeoutMs })
  try {
    database.exec(sql)
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw error
  }
  return { [Symbol.dispose]: () => database.close() }
}
