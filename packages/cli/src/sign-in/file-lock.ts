import { DatabaseSync } from 'node:sqlite'
import { type ClientRuntime, pause } from '@fleetsweep/client'
import { CommandError } from '../command.ts'

const LOOK_EVERY_MS = 50
/** A refresh takes a moment; whoever holds the lock this long does not get an answer. */
const LONGEST_WAIT_MS = 20_000
const SQLITE_BUSY = 5

/**
 * Runs `work` while no other process holds the lock of the same file. SQLite takes the lock from the operating system,
 * which frees it when its process ends, however it ends: there are no stale ones.
 *
 * @param path of an empty file that is made when it is not there
 * @throws CommandError when another process holds it too long
 */
export async function withFileLock<T>(
  path: string,
  { clock, signal }: { clock: ClientRuntime['clock']; signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  using _lock = await takeLock(path, clock, signal)
  return await work()
}

async function takeLock(
  path: string,
  clock: ClientRuntime['clock'],
  signal: AbortSignal,
): Promise<Disposable> {
  for (const sinceMs = clock.monotonicMs(); ; ) {
    const lock = tryLock(path)
    if (lock) return lock
    if (clock.monotonicMs() - sinceMs > LONGEST_WAIT_MS) {
      throw new CommandError(
        'Another fleetsweep has been renewing this sign-in for too long. End it and try again.',
      )
    }
    await pause(clock, LOOK_EVERY_MS, signal)
    signal.throwIfAborted()
  }
}

function tryLock(path: string): Disposable | undefined {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return { [Symbol.dispose]: () => database.close() }
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw error
  }
}
