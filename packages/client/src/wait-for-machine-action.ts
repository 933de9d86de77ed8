import { isFinal, type MachineAction, parseInstant, type ScanProgress } from '@fleetsweep/protocol'
import { ClientError } from './client-error.ts'
import { type ClientRuntime, pause } from './client-runtime.ts'
import type { FleetsweepClient } from './fleetsweep-client.ts'

export type WaitOptions = {
  signal?: AbortSignal
  /** Called with the action as it is at first and after each change. */
  onAction?: (action: MachineAction) => void
  /** Called as the scan moves on, where the caller may see live events. */
  onProgress?: (progress: ScanProgress) => void
  /** Between two looks at the action; 5 s, which keeps far from the API's 1,500 calls an hour. */
  pollMs?: number
}

/**
 * Follows an action by live events and, because these may get lost or be forbidden, by looking at it now and then.
 * A server that restarts meanwhile is waited for.
 */
export async function waitForMachineAction(
  client: FleetsweepClient,
  clock: ClientRuntime['clock'],
  id: string,
  { signal, onAction, onProgress, pollMs = 5_000 }: WaitOptions,
): Promise<MachineAction> {
  const finished = new AbortController()
  const stop = () => finished.abort(signal?.reason)
  signal?.addEventListener('abort', stop)
  let latest: MachineAction | undefined
  let mistake: { cause: unknown } | undefined
  const take = (action: MachineAction) => {
    // An answer may be overtaken on its way by a newer event.
    if (latest && updatedAt(latest) > updatedAt(action)) return
    if (latest?.status === action.status && updatedAt(latest) === updatedAt(action)) return
    latest = action
    onAction?.(action)
    if (isFinal(action.status)) finished.abort()
  }

  const watching = watch()
  try {
    for (;;) {
      signal?.throwIfAborted()
      try {
        if (!finished.signal.aborted) take(await client.getMachineAction(id, { signal: finished.signal }))
      } catch (error) {
        if (!finished.signal.aborted && !isPassing(error)) throw error
      }
      signal?.throwIfAborted()
      if (mistake) throw mistake.cause
      if (latest && isFinal(latest.status)) return latest
      await pause(clock, pollMs, finished.signal)
    }
  } finally {
    finished.abort()
    signal?.removeEventListener('abort', stop)
    await watching
  }

  async function watch(): Promise<void> {
    try {
      for await (const event of client.watchEvents({ signal: finished.signal })) {
        if (event.type === 'machineAction' && event.machineAction.id === id) take(event.machineAction)
        if (event.type === 'scanProgress' && event.actionId === id) onProgress?.(event.progress)
      }
    } catch (error) {
      // Refused: looking now and then is enough. Anything else is a mistake in the program and must be seen.
      if (error instanceof ClientError) return
      mistake = { cause: error }
      finished.abort()
    }
  }
}

function updatedAt(action: MachineAction): number {
  return parseInstant(action.lastUpdateDateTimeUtc) ?? 0
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof ClientError &&
    (error.code === 'Unreachable' || error.status === 429 || (error.status ?? 0) >= 500)
  )
}
