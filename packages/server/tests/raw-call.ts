import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** The answer to a request that was written byte by byte. */
export type RawAnswer = {
  status: number
  /** By names in lower case; of a repeated one, the last. */
  headers: Readonly<Record<string, string>>
  /** Without the framing of its transfer. */
  text: string
  /** The body as JSON; fails where it is none. */
  json<T = Record<string, unknown>>(): T
}

export type RawOptions = {
  /** Address of this computer to call from, such as `127.0.0.2`. */
  from?: string
  /** Authority to trust; TLS is spoken where there is one. */
  ca?: string
  /** The body is sent only after an interim `100 Continue`, as clients do that ask for one. */
  expects?: boolean
}

/** Far above what any answer takes: ends what hangs. */
const DEADLINE_MS = 30_000

/**
 * Writes a request on a connection of its own exactly as given, and reads the answer.
 *
 * @param head request line and header lines, without the empty one at the end
 * @throws Error when the server closes the connection without an answer, or says nothing for too long
 */
export async function rawCall(
  origin: string,
  head: readonly string[],
  body: string | Buffer = '',
  options: RawOptions = {},
): Promise<RawAnswer> {
  const [opening, rest] = [Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)]
  const first = options.expects ? opening : Buffer.concat([opening, rest])
  const socket = open(origin, options)
  const isHead = head[0]?.startsWith('HEAD ') ?? false
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    let expects = options.expects ?? false
    const finish = (settle: () => void) => {
      clearTimeout(deadline)
      socket.destroy()
      settle()
    }
    const look = (isOver: boolean) => {
      if (received.toString('latin1').startsWith('HTTP/1.1 100 ')) {
        const end = received.indexOf('\r\n\r\n')
        if (end === -1) return
        received = received.subarray(end + 4)
        if (expects) socket.write(rest)
        expects = false
      }
      const answer = readAnswer(received, { isHead, isOver })
      if (answer) finish(() => resolve(answer))
      else if (isOver) finish(() => reject(new Error(`The connection ended without an answer: ${received}`)))
    }
    const deadline = setTimeout(() => {
      finish(() => reject(new Error(`There was no answer to ${head[0]?.slice(0, 200)}`)))
    }, DEADLINE_MS)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      look(false)
    })
    socket.on('close', () => look(true))
    // A server may close before it has read everything; what it said before that counts.
    socket.on('error', () => {})
    socket.write(first)
  })
}

function open(origin: string, { from, ca }: RawOptions): Socket {
  const { hostname, port } = new URL(origin)
  const place = { host: hostname, port: Number(port), ...(from === undefined ? {} : { localAddress: from }) }
  return ca === undefined ? connect(place) : connectTls({ ...place, ca, servername: 'localhost' })
}

/** Reads an answer out of the bytes that came so far; `undefined` while it is not whole. */
export function readAnswer(
  received: Buffer,
  { isHead, isOver }: { isHead: boolean; isOver: boolean },
): RawAnswer | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [statusLine = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1])
  if (Number.isNaN(status)) throw new Error(`This is no HTTP: ${statusLine}`)
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  // A stream of events has no end; that it begins is all there is to read.
  const hasNoBody = isHead || status === 204 || headers['content-type']?.startsWith('text/event-stream')
  const body = hasNoBody ? Buffer.alloc(0) : readBody(received.subarray(end + 4), headers, isOver)
  const text = body?.toString()
  return text === undefined ? undefined : { status, headers, text, json: () => JSON.parse(text) }
}

function readBody(bytes: Buffer, headers: Record<string, string>, isOver: boolean): Buffer | undefined {
  if (headers['transfer-encoding'] === 'chunked') return readChunks(bytes)
  const length = Number(headers['content-length'])
  if (Number.isNaN(length)) return isOver ? bytes : undefined
  return bytes.length < length ? undefined : bytes.subarray(0, length)
}

function readChunks(bytes: Buffer): Buffer | undefined {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    const begin = lineEnd + 2
    if (bytes.length < begin + size + 2) return undefined
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(begin, begin + size))
    at = begin + size + 2
  }
}
