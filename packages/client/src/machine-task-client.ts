import { isFinal, MachineTask, RequestedTask, type RequestTaskBody } from '@fleetsweep/protocol'
import { pause } from './client-runtime.ts'
import type { HttpConnection } from './http-connection.ts'
import { readCursorList } from './pages.ts'

type Signalled = { signal?: AbortSignal }

/**
 * How a task is asked for. With a key the same call gets the same answer for a day, and a call without an answer is
 * repeated.
 */
export type AskOptions = { idempotencyKey?: string } & Signalled

/** How long the server is asked to hold its answer: less than the minute after which proxies give up. */
const HOLD_SECONDS = 50
/** Between two answers that were not held. */
const PAUSE_MS = 5_000

/** What machines are asked for beside scans. Every method throws `ClientError`. */
export class MachineTaskClient {
  readonly #connection: HttpConnection

  /** @internal */
  constructor(connection: HttpConnection) {
    this.#connection = connection
  }

  /** Asks a machine to bring its signatures up to date. @param idOrName machine id or computer name */
  updateSignatures(
    idOrName: string,
    body: RequestTaskBody,
    { idempotencyKey, signal }: AskOptions = {},
  ): Promise<RequestedTask> {
    const path = `/fleet/v1/machines/${encodeURIComponent(idOrName)}/updateSignatures`
    return this.#connection.call({ method: 'POST', path, body, idempotencyKey, signal }, RequestedTask)
  }

  /** @param waitSeconds answers when the task has ended, and after so long, up to 300, in any case */
  get(id: string, { waitSeconds, signal }: { waitSeconds?: number } & Signalled = {}): Promise<MachineTask> {
    const held = waitSeconds === undefined ? '' : `?wait=${waitSeconds}`
    const path = `/fleet/v1/machine-tasks/${encodeURIComponent(id)}${held}`
    const heldMs = (waitSeconds ?? 0) * 1_000
    return this.#connection.call({ method: 'GET', path, heldMs, signal }, MachineTask)
  }

  /** Those of one machine, newest first. @param idOrName machine id or computer name */
  list(idOrName: string, { signal }: Signalled = {}): AsyncGenerator<MachineTask, void, undefined> {
    const path = `/fleet/v1/machines/${encodeURIComponent(idOrName)}/tasks`
    return readCursorList(this.#connection, path, MachineTask, {}, signal)
  }

  /** Resolves with the task once it has ended. */
  async wait(id: string, { signal }: Signalled = {}): Promise<MachineTask> {
    const { clock } = this.#connection.runtime
    for (;;) {
      const sinceMs = clock.monotonicMs()
      const task = await this.get(id, { waitSeconds: HOLD_SECONDS, ...(signal && { signal }) })
      if (isFinal(task.status)) return task
      // An answer that was held has had its pause.
      if (clock.monotonicMs() - sinceMs < PAUSE_MS) await pause(clock, PAUSE_MS, signal)
      signal?.throwIfAborted()
    }
  }
}
