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
  /** Between two looks at the action where the server does not hold its answer until there is news; 5 s when absent. */
  pollMs?: number
}

/** How long the server is asked to hold its answer: less than the minute after which proxies give up. */
const HOLD_SECONDS = 50

/**
 * Follows an action by reads that the server holds until it has ended, or by looking now and then where a server does not
 * do that. Whoever wants to hear of each step also gets live events. A server that restarts meanwhile is waited for.
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

  const watching = onAction || onProgress ? watch() : undefined
  let mayHold = true
  try {
    for (;;) {
      signal?.throwIfAborted()
      const sinceMs = clock.monotonicMs()
      try {
        if (!finished.signal.aborted) await look()
      } catch (error) {
        if (!finished.signal.aborted && !isPassing(error)) throw error
      }
      signal?.throwIfAborted()
      if (mistake) throw mistake.cause
      if (latest && isFinal(latest.status)) return latest
      // An answer that was held has had its pause.
      if (clock.monotonicMs() - sinceMs < pollMs) await pause(clock, pollMs, finished.signal)
    }
  } finally {
    finished.abort()
    signal?.removeEventListener('abort', stop)
    await watching
  }

  async function look(): Promise<void> {
    const options = { signal: finished.signal }
    if (latest === undefined || !mayHold) take(await client.getMachineAction(id, options))
    if (!mayHold || finished.signal.aborted) return
    try {
      take(await client.getFleetMachineAction(id, { ...options, waitSeconds: HOLD_SECONDS }))
    } catch (error) {
      if (isPassing(error) || !(error instanceof ClientError)) throw error
      // Microsoft's service, or an older server. If it is the action that is gone, the next look says so.
      mayHold = false
    }
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
