import { FleetEvent } from '@fleetsweep/protocol'
import { backoffMs } from './backoff.ts'
import { ClientError } from './client-error.ts'
import { pause } from './client-runtime.ts'
import type { HttpConnection } from './http-connection.ts'
import { fitting } from './read-answer.ts'

/**
 * What a watcher learns. Events that happened while it was not connected are not sent again: after each `connected`,
 * read the state that you show anew.
 */
export type WatchedEvent =
  | FleetEvent
  | { type: 'connected' }
  | { type: 'disconnected'; error: ClientError; retryInMs: number }

/** A stream that is silent this long is taken for dead; servers send a comment well before. */
const SILENCE_MS = 90_000
const MAX_EVENT_CHARACTERS = 1_048_576

/**
 * Follows the live events of the tenant and connects again whenever the stream ends, until the signal is aborted.
 *
 * @throws ClientError when the server refuses the stream itself (401, 403, 404)
 */
export async function* watchEvents(
  connection: HttpConnection,
  signal?: AbortSignal,
): AsyncGenerator<WatchedEvent, void, undefined> {
  const { clock } = connection.runtime
  for (let failures = 0; !signal?.aborted; failures++) {
    let error = new ClientError('Unreachable', 'The server ended the stream of events')
    try {
      for await (const event of readOnce(connection, signal)) {
        if (event.type === 'connected') failures = 0
        yield event
      }
    } catch (cause) {
      if (signal?.aborted) return
      if (!(cause instanceof ClientError)) throw cause
      if (cause.status !== undefined && cause.status < 500 && cause.status !== 429) throw cause
      error = cause
    }
    if (signal?.aborted) return
    const retryInMs = error.retryAfterMs ?? backoffMs(connection.runtime, failures)
    yield { type: 'disconnected', error, retryInMs }
    await pause(clock, retryInMs, signal)
  }
}

async function* readOnce(
  connection: HttpConnection,
  signal?: AbortSignal,
): AsyncGenerator<FleetEvent | { type: 'connected' }, void, undefined> {
  const { clock } = connection.runtime
  const stopped = new AbortController()
  const stop = () => stopped.abort(signal?.reason)
  signal?.addEventListener('abort', stop)
  let silence = clock.setTimer(SILENCE_MS, () => stopped.abort())
  try {
    signal?.throwIfAborted()
    const response = await connection.open({
      method: 'GET',
      path: '/fleet/v1/events',
      accept: 'text/event-stream',
      signal: stopped.signal,
    })
    yield { type: 'connected' }
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const lines = new EventLines()
    while (reader) {
      const { done, value } = await reader.read()
      if (done) return
      silence.cancel()
      silence = clock.setTimer(SILENCE_MS, () => stopped.abort())
      for (const data of lines.push(value)) {
        const event = parseEvent(data)
        if (event) yield event
      }
    }
  } catch (cause) {
    if (signal?.aborted || cause instanceof ClientError) throw cause
    throw new ClientError('Unreachable', 'The stream of events broke off', { cause })
  } finally {
    silence.cancel()
    signal?.removeEventListener('abort', stop)
    stopped.abort()
  }
}

/** A kind of event that this version does not know is passed over; it is news for a newer one. */
function parseEvent(data: string): FleetEvent | undefined {
  let event: unknown
  try {
    event = JSON.parse(data)
  } catch (cause) {
    throw new ClientError('BadAnswer', 'The server sent an event that is not JSON', { cause })
  }
  return fitting(FleetEvent, event)
}

/**
 * Cuts server-sent events out of text that arrives in pieces of any size.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class EventLines {
  #rest = ''
  #data: string[] = []
  #size = 0

  /** Takes the next piece and gives the data of every event that it completes. */
  push(piece: string): string[] {
    const events: string[] = []
    // A CR at the very end may be half of a CRLF: it waits for what comes next.
    const text = this.#rest + piece
    const lines = text.split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) events.push(this.#data.join('\n'))
        this.#data = []
        this.#size = 0
      } else if (line.startsWith('data:')) {
        this.#data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
        this.#size += line.length
      }
    }
    if (this.#rest.length + this.#size > MAX_EVENT_CHARACTERS) {
      throw new ClientError('BadAnswer', 'The server sent an event larger than any that exists')
    }
    return events
  }
}
