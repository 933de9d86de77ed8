import {
  QuarantinedFile,
  type QuarantineState,
  RequestedTask,
  type RequestTaskBody,
} from '@fleetsweep/protocol'
import type { HttpConnection } from './http-connection.ts'
import type { AskOptions } from './machine-task-client.ts'
import { readCursorList } from './pages.ts'

type Signalled = { signal?: AbortSignal }

/** Files that machines keep where nothing can run them. Every method throws `ClientError`. */
export class QuarantineClient {
  readonly #connection: HttpConnection

  /** @internal */
  constructor(connection: HttpConnection) {
    this.#connection = connection
  }

  /** Newest first. @param only.machineId an id, no name */
  list(
    only: { machineId?: string; state?: QuarantineState } = {},
    { signal }: Signalled = {},
  ): AsyncGenerator<QuarantinedFile, void, undefined> {
    return readCursorList(this.#connection, QUARANTINE, QuarantinedFile, only, signal)
  }

  get(id: string, { signal }: Signalled = {}): Promise<QuarantinedFile> {
    const path = `${QUARANTINE}/${encodeURIComponent(id)}`
    return this.#connection.call({ method: 'GET', path, signal }, QuarantinedFile)
  }

  /** Asks the machine of a detection to move the file to quarantine; how it goes says `machineTasks.get`. */
  add(
    detectionId: string,
    body: RequestTaskBody,
    { idempotencyKey, signal }: AskOptions = {},
  ): Promise<RequestedTask> {
    const path = `/fleet/v1/detections/${encodeURIComponent(detectionId)}/quarantine`
    return this.#connection.call({ method: 'POST', path, body, idempotencyKey, signal }, RequestedTask)
  }

  /** Asks the machine to give a file back to where it was. */
  restore(
    id: string,
    body: RequestTaskBody,
    { idempotencyKey, signal }: AskOptions = {},
  ): Promise<RequestedTask> {
    const path = `${QUARANTINE}/${encodeURIComponent(id)}/restore`
    return this.#connection.call({ method: 'POST', path, body, idempotencyKey, signal }, RequestedTask)
  }
}

const QUARANTINE = '/fleet/v1/quarantine'
