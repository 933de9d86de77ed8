import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { ClientError } from './client-error.ts'
import { type ClientRuntime, pause } from './client-runtime.ts'
import { reach, readJson, refusal } from './http-answer.ts'
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
  /** True where the caller tries again by itself. */
  once?: boolean
  signal?: AbortSignal | undefined
}

/** Signed-in calls to one server, tried again where that is safe. */
export class HttpConnection {
  readonly base: string
  readonly runtime: ClientRuntime
  readonly #tokens: TokenSource
  readonly #retry: RetryLimits

  constructor(baseUrl: string, tokens: TokenSource, runtime: ClientRuntime, retry: RetryLimits) {
    this.base = baseUrl.replace(/\/+$/, '')
    this.runtime = runtime
    this.#tokens = tokens
    this.#retry = retry
  }

  /** Sends a call and reads its answer; one that does not fit the schema is a `BadAnswer`. */
  async call<S extends TSchema>(call: Call, schema: S): Promise<Static<S>> {
    const response = await this.open(call)
    const answer = await reach(this.base, () => readJson(response), call.signal)
    if (Check(schema, answer)) return answer
    const message = `The answer to ${call.method} ${call.path} is not what this API gives`
    throw new ClientError('BadAnswer', message, { status: response.status })
  }

  /** Sends a call whose success is all there is to know. */
  async do(call: Call): Promise<void> {
    const response = await this.open(call)
    await response.body?.cancel()
  }

  /** Sends a call and gives the answer unread, once it is a success. */
  async open(call: Call): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#attempt(call)
      if (!(outcome instanceof ClientError)) return outcome
      const waitMs = this.#pauseBefore(call, outcome, attempt)
      if (waitMs === undefined) throw outcome
      await pause(this.runtime.clock, waitMs, call.signal)
      call.signal?.throwIfAborted()
    }
  }

  async #attempt(call: Call): Promise<Response | ClientError> {
    try {
      const response = await this.#send(call)
      return response.ok ? response : await refusal(this.base, response)
    } catch (error) {
      if (error instanceof ClientError) return error
      throw error
    }
  }

  async #send(call: Call): Promise<Response> {
    const token = await this.#tokens.get()
    const response = await this.#sendWith(token, call)
    if (response.status !== 401) return response
    // Revoked, or the server's keys changed: a fresh token decides.
    this.#tokens.forget(token)
    const fresh = await this.#tokens.get()
    if (fresh === token) return response
    await response.body?.cancel()
    return this.#sendWith(fresh, call)
  }

  #sendWith(token: string, call: Call): Promise<Response> {
    const headers: Record<string, string> = {
      Authorization: `Bearer ${token}`,
      Accept: call.accept ?? 'application/json',
    }
    if (call.body !== undefined) headers['Content-Type'] = 'application/json'
    const url = this.#url(call.path)
    const init = {
      method: call.method,
      headers,
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      ...(call.signal && { signal: call.signal }),
    }
    return reach(this.base, () => this.runtime.fetch(url, init), call.signal)
  }

  #url(path: string): string {
    if (path.startsWith('/')) return this.base + path
    // A next link: the token goes to no other origin, whatever an answer says.
    if (path.startsWith(`${this.base}/`)) return path
    throw new ClientError('BadAnswer', `The server links to ${path}, which is not part of ${this.base}`)
  }

  #pauseBefore(call: Call, error: ClientError, attempt: number): number | undefined {
    if (call.once || attempt >= this.#retry.attempts) return undefined
    const backoffMs = 1_000 * 2 ** attempt
    // Refused before anything was done: any call may be repeated.
    if (error.status === 429 || error.status === 503) {
      const waitMs = error.retryAfterMs ?? backoffMs
      return waitMs <= this.#retry.longestPauseMs ? waitMs : undefined
    }
    // No answer: the server may have done it, so only reading is repeated.
    return error.code === 'Unreachable' && call.method === 'GET' ? backoffMs : undefined
  }
}
