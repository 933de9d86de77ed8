// https://www.rfc-editor.org/rfc/rfc9112
import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { sqliteDatabase } from '../api-server.ts'
import { type RawAnswer, readAnswer } from '../raw-call.ts'
import { countCases, FUZZ_TIMEOUT } from './fuzz-run.ts'
import { FuzzWorld } from './fuzz-world.ts'
import { expectGoodAnswer } from './good-answer.ts'
import { headerLines } from './header-lines.ts'
import { mutated, oddTexts } from './odd-text.ts'

/** Far above what any call takes: ends what hangs. */
const DEADLINE_MS = 30_000

const usualLines = fc.constantFrom(
  'GET /api/machines?$top=1 HTTP/1.1',
  'POST /api/machines/nobody/runAntiVirusScan HTTP/1.1',
  'GET /fleet/v1/detections HTTP/1.0',
  'POST /contoso.example/oauth2/v2.0/token HTTP/1.1',
  'HEAD /api/machineactions HTTP/1.1',
)
const unusualLines = fc.constantFrom(
  'OPTIONS * HTTP/1.1',
  'CONNECT api.security.microsoft.com:443 HTTP/1.1',
  'PRI * HTTP/2.0',
  'GET http://evil.example/api/machines HTTP/1.1',
  'GET  /api/machines HTTP/1.1',
  'GET /api/machines HTTP/9.9',
  'GET /api/machines',
  'get /api/machines HTTP/1.1',
)
type Framing = readonly [headers: readonly string[], body: string]

/** How a body may be framed, each with the bytes that follow. */
const usualFramings = fc.constantFrom<Framing>(
  [[], ''],
  [['Content-Length: 2'], '{}'],
  [['Transfer-Encoding: chunked'], '2\r\n{}\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '2;a=b;c="d"\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n'],
  [['Expect: 100-continue', 'Content-Length: 2'], '{}'],
  [['Expect: 200-ok', 'Content-Length: 2'], '{}'],
)
const unusualFramings = fc.constantFrom<Framing>(
  [['Content-Length: 10'], '{}'],
  [['Content-Length: 1'], '{}'],
  [['Content-Length: -1'], '{}'],
  [['Content-Length: 0x2'], '{}'],
  [['Content-Length: 2, 2'], '{}'],
  [['Content-Length: 2', 'Content-Length: 3'], '{}'],
  [['Content-Length: 99999999999999999999'], '{}'],
  [['Content-Length: 300000'], '{}'],
  [['Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], 'ffffffffffffffff1\r\n{}'],
  [['Transfer-Encoding: chunked'], '2\r\n{}'],
  [['Transfer-Encoding: chunked', 'Content-Length: 2'], '2\r\n{}\r\n0\r\n\r\n'],
  [['Transfer-Encoding: gzip, chunked'], '2\r\n{}\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked, identity'], '2\r\n{}\r\n0\r\n\r\n'],
  [['Transfer-Encoding : chunked'], '0\r\n\r\n'],
  [['Transfer-Encoding:\tChUnKeD'], '0\r\n\r\n'],
)
const oddLines = fc.constantFrom(
  'no colon here',
  ': no name',
  ' folded: line',
  'Bad Name: x',
  'Host: one.example',
  'X-Null: a\0b',
  'X-Return: a\rb',
  'Connection: keep-alive, upgrade, close',
  'Trailer: X-Trailer',
)
const snippets = ['\r\n', '\n', '\r', '\0', ' ', '\t', ':', 'HTTP/1.1', '\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n']

/** The unusual now and then: requests that have only one thing wrong with them come furthest. */
const mostly = <T>(usual: fc.Arbitrary<T>, unusual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: unusual })

/** Bytes that mostly are one request. */
const requests = fc
  .record({
    line: mostly(usualLines, unusualLines),
    hosts: mostly(
      fc.constant<readonly string[]>(['Host: localhost']),
      fc.constantFrom<readonly string[]>([], ['Host: localhost', 'Host: localhost']),
    ),
    headers: mostly(fc.constant<readonly string[]>([]), headerLines),
    odd: mostly(fc.constant<readonly string[]>([]), fc.array(oddLines, { maxLength: 2 })),
    framing: mostly(usualFramings, unusualFramings),
  })
  .map(({ line, hosts, headers, odd, framing: [lines, body] }) =>
    [line, ...hosts, ...headers, ...odd, ...lines, '', body].join('\r\n'),
  )
const written = fc.oneof(
  { weight: 5, arbitrary: requests },
  { weight: 2, arbitrary: mutated(requests, snippets) },
  { weight: 1, arbitrary: oddTexts },
)

describe('whatever bytes a server gets,', () => {
  let world: FuzzWorld

  beforeAll(async () => {
    world = await FuzzWorld.open(sqliteDatabase)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  it('it answers in JSON or not at all, changes nothing, and lets nobody wait', FUZZ_TIMEOUT, async () => {
    await countCases('bytes', world, [fc.tuple(written, fc.boolean())], async ([text, isSplit]) => {
      const before = await world.state()
      const answer = await exchange(world, Buffer.from(text), isSplit)
      if ((await world.state()) !== before) throw new Error('Something changed.')
      if (answer) expectGoodAnswer(placeOf(text), answer)
      return answer ? String(answer.status) : 'none'
    })
  })
})

/**
 * Sends bytes, waits until the server has said something or is done, and then goes away.
 *
 * @param isSplit in two parts, as networks deliver them
 */
async function exchange(world: FuzzWorld, bytes: Buffer, isSplit: boolean): Promise<RawAnswer | undefined> {
  const { hostname, port } = new URL(world.api.origin)
  const socket = connect({
    host: hostname,
    port: Number(port),
    localAddress: world.nextAddress(),
    noDelay: true,
  })
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  socket.on('error', () => {})
  await once(socket, 'connect')
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) })
  const middle = isSplit ? Math.floor(bytes.length / 2) : 0
  if (middle > 0) await new Promise((resolve) => socket.write(bytes.subarray(0, middle), resolve))
  // No more will come: a server that still waits for the rest must give up now.
  socket.end(bytes.subarray(middle))
  await closed
  const all = withoutInterim(Buffer.concat(received))
  if (all.length === 0) return undefined
  const answer = readAnswer(all, { isHead: /^\s*HEAD /.test(bytes.toString('latin1')), isOver: true })
  if (!answer) throw new Error(`This is no whole answer: ${all}`)
  return answer
}

function withoutInterim(bytes: Buffer): Buffer {
  return bytes.toString('latin1').startsWith('HTTP/1.1 100 ')
    ? bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
    : bytes
}

/** What a request asks for, as far as that can be told. */
function placeOf(text: string): { method: string; target: string } {
  const [, method = '', target = ''] = /^\s*(\S+) +(\S+)/.exec(text) ?? []
  return { method, target }
}
