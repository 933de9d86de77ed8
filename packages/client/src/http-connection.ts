import type { Static, TSchema } from 'typebox'
import { backoffMs } from './backoff.ts'
import { ClientError } from './client-error.ts'
import { type ClientRuntime, pause, unlessAborted } from './client-runtime.ts'
import { reach, readJson, refusal } from './http-answer.ts'
import { Misfit, readAnswer } from './read-answer.ts'
import type { TokenSource } from './sign-in/token-source.ts'

export type RetryLimits = {
  /** Further attempts after the first. */
  attempts: number
  /** A server that asks for a longer pause than this is not asked again. */
  longestPauseMs: number
}

export type Call = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From the origin on, or a whole address on it. */
  path: string
  body?: unknown
  accept?: string
  /** Makes a call that changes something safe to repeat: what the server did for this key it does not do again. */
  idempotencyKey?: string | undefined
  /** How long the server was asked to hold its answer, beside the time that any call has. */
  heldMs?: number
  signal?: AbortSignal | undefined
}

export type ConnectionOptions = { retry: RetryLimits; timeoutMs: number }

/** Signed-in calls to one server, tried again where that is safe. Every method throws `ClientError`. */
export class HttpConnection {
  readonly base: string
  readonly runtime: ClientRuntime
  readonly #tokens: TokenSource
  readonly #options: ConnectionOptions

  constructor(baseUrl: string, tokens: TokenSource, runtime: ClientRuntime, options: ConnectionOptions) {
    this.base = baseUrl.replace(/\/+$/, '')
    this.runtime = runtime
    this.#tokens = tokens
    this.#options = options
  }

  /** Sends a call and reads its answer; one that has another shape than the schema is a `BadAnswer`. */
  async call<S extends TSchema>(call: Call, schema: S): Promise<Static<S>> {
    const { status, answer } = await this.#persist(call, async (response, signal) => ({
      status: response.status,
      answer: await reach(this.base, () => readJson(response), signal),
    }))
    try {
      return readAnswer(schema, answer, call.path.startsWith('/fleet/') ? 'fleet' : 'defender')
    } catch (cause) {
      if (!(cause instanceof Misfit)) throw cause
      const message = `The answer to ${call.method} ${call.path} is not what this API gives: ${cause.message}`
      throw new ClientError('BadAnswer', message, { status, cause })
    }
  }

  /** Sends a call whose success is all there is to know. */
  async do(call: Call): Promise<void> {
    await this.#persist(call, async ({ body }) => body?.cancel())
  }

  /**
   * Sends a call once and gives the answer unread, when it is a success. It may take as long as it wants: its caller
   * listens.
   */
  open(call: Call): Promise<Response> {
    return this.#send(call)
  }

  /** Sends a call and takes its answer in, again where that is safe; each time within the time that it has. */
  async #persist<T>(call: Call, take: (response: Response, signal: AbortSignal) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      let mayBeDone = false
      try {
        return await this.#inTime(call, async (signal) => {
          const response = await this.#send({ ...call, signal }, () => {
            mayBeDone = true
          })
          return take(response, signal)
        })
      } catch (error) {
        if (!(error instanceof ClientError)) throw error
        const isHarmless = call.method === 'GET' || call.idempotencyKey !== undefined
        const isSafe = !mayBeDone || isHarmless || wasRefused(error)
        const waitMs = isSafe ? this.#pauseBefore(error, attempt) : undefined
        if (waitMs === undefined) throw error
        await pause(this.runtime.clock, waitMs, call.signal)
        call.signal?.throwIfAborted()
      }
    }
  }

  async #inTime<T>({ heldMs = 0, signal }: Call, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const timeoutMs = this.#options.timeoutMs + heldMs
    const late = AbortSignal.timeout(timeoutMs)
    try {
      return await work(signal ? AbortSignal.any([signal, late]) : late)
    } catch (cause) {
      if (signal?.aborted || !late.aborted) throw cause
      const message = `No answer from ${this.base} within ${timeoutMs / 1_000} s`
      throw new ClientError('Unreachable', message, { cause })
    }
  }

  /**
   * @param beforeSending called when there is a token, so that something is about to leave
   * @returns an answer of success
   */
  async #send(call: Call, beforeSending?: () => void): Promise<Response> {
    const token = await unlessAborted(() => this.#tokens.get(), call.signal)
    beforeSending?.()
    let response = await this.#sendWith(token, call)
    if (response.status === 401) {
      // Revoked, or the server's keys changed: a fresh token decides.
      this.#tokens.forget(token)
      const fresh = await unlessAborted(() => this.#tokens.get(), call.signal)
      if (fresh !== token) {
        await response.body?.cancel()
        response = await this.#sendWith(fresh, call)
      }
    }
    if (!response.ok) throw await refusal(this.base, response, call.signal)
    return response
  }

  #sendWith(token: string, call: Call): Promise<Response> {
    const headers: Record<string, string> = {
      Authorization: `Bearer ${token}`,
      Accept: call.accept ?? 'application/json',
    }
    if (call.body !== undefined) headers['Content-Type'] = 'application/json'
    if (call.idempotencyKey !== undefined) headers['Idempotency-Key'] = call.idempotencyKey
    const url = this.#url(call.path)
    const init = {
      method: call.method,
      headers,
      // This API never sends anybody elsewhere; whoever does is not to have what was sent.
      redirect: 'error',
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      ...(call.signal && { signal: call.signal }),
    } as const
    return reach(this.base, () => this.runtime.fetch(url, init), call.signal)
  }

  #url(path: string): string {
    if (path.startsWith('/')) return this.base + path
    // A next link: the token goes to no other origin, whatever an answer says.
    if (URL.canParse(path) && new URL(path).origin === new URL(this.base).origin) return path
    throw new ClientError('BadAnswer', `The server links to ${path}, which is not part of ${this.base}`)
  }

  /** @returns `undefined` when trying again would not help, or not soon enough */
  #pauseBefore(error: ClientError, attempt: number): number | undefined {
    const { attempts, longestPauseMs } = this.#options.retry
    if (attempt >= attempts || !mayPass(error)) return undefined
    if (error.retryAfterMs === undefined) return Math.min(backoffMs(this.runtime, attempt), longestPauseMs)
    return error.retryAfterMs <= longestPauseMs ? error.retryAfterMs : undefined
  }
}

/** True when the server said no before it did anything. */
function wasRefused({ status }: ClientError): boolean {
  return status === 429 || status === 503
}

/** True for trouble on the way, a proxy's included. */
function mayPass(error: ClientError): boolean {
  return error.code === 'Unreachable' || wasRefused(error) || error.status === 502 || error.status === 504
}
