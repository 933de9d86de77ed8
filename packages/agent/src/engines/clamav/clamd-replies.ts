/** What clamd answered to one command of a session. */
export type ClamdReply =
  | { kind: 'clean'; id: number }
  | { kind: 'found'; id: number; threatName: string }
  | { kind: 'error'; id: number; detail: string }
  | { kind: 'pong'; id: number }

/** No reply of a session is longer: names are short, and paths are never sent. */
const MAX_REPLY_BYTES = 16_384

/**
 * Cuts what clamd sends within a session into replies.
 *
 * Anything out of order makes the reader broken for good: whoever cannot tell which answer belongs to which file must
 * not believe any that follows.
 */
export class ReplyReader {
  #pending = Buffer.alloc(0)
  #broken: string | undefined

  /** Why nothing can be believed any more. */
  get broken(): string | undefined {
    return this.#broken
  }

  push(chunk: Buffer): ClamdReply[] {
    const replies: ClamdReply[] = []
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    while (this.#broken === undefined) {
      const end = rest.indexOf(0)
      if (end === -1) break
      const reply = parseReply(rest.subarray(0, end))
      if (reply) replies.push(reply)
      else this.#broken = `not a reply: ${printable(rest.subarray(0, end))}`
      rest = rest.subarray(end + 1)
    }
    if (rest.length > MAX_REPLY_BYTES) this.#broken ??= 'a reply without an end'
    this.#pending = this.#broken === undefined ? Buffer.from(rest) : Buffer.alloc(0)
    return replies
  }

  /** What an end of the connection cut off, such as `COMMAND READ TIMED OUT`; empty after a clean end. */
  unfinished(): string {
    return printable(this.#pending)
  }
}

/** Reads one reply without its final NUL; `undefined` when it is none. The verdict is told by the end of the text alone. */
export function parseReply(bytes: Uint8Array): ClamdReply | undefined {
  const text = Buffer.from(bytes).toString('latin1')
  const match = /^(\d{1,15}): (.+)$/s.exec(text)
  if (!match) return undefined
  const id = Number(match[1])
  const said = match[2] ?? ''
  if (said === 'PONG') return { kind: 'pong', id }
  const found = /^(?:fd\[\d+\]|stream): (.+) FOUND$/s.exec(said)
  if (found) return { kind: 'found', id, threatName: Buffer.from(found[1] ?? '', 'latin1').toString('utf8') }
  if (/^(?:fd\[\d+\]|stream): OK$/.test(said)) return { kind: 'clean', id }
  if (said.endsWith(' ERROR')) return { kind: 'error', id, detail: printable(Buffer.from(said, 'latin1')) }
  return undefined
}

function printable(bytes: Buffer): string {
  return bytes
    .subarray(0, 150)
    .toString('latin1')
    .replace(/[^ -~]/g, '?')
    .trim()
}
