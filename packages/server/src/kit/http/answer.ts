import type { Readable } from 'node:stream'
import type { Static, TSchema } from 'typebox'

/** What a handler may return for a declared answer: JSON for a schema, bytes, text or a stream for a media type. */
export type AnswerBody<Declared> = Declared extends TSchema ? Static<Declared> : string | Buffer | Readable

/** An answer with a status or headers of its own. */
export class Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status
    this.body = body
    this.headers = headers
  }
}
