import type { Readable } from 'node:stream'
import type { Static, TSchema } from 'typebox'

/** What a handler may return for a declared answer: JSON for a schema, bytes, text or a stream for a media type. */
export type AnswerBody<Declared> = Declared extends TSchema ? Static<Declared> : string | Buffer | Readable

/** A list stands for a header that is sent more than once, as cookies are. */
export type AnswerHeaders = Readonly<Record<string, string | string[]>>

/** An answer with a status or headers of its own. */
export class Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: AnswerHeaders

  constructor(status: number, body: unknown, headers: AnswerHeaders = {}) {
    this.status = status
    this.body = body
    this.headers = headers
  }
}
