import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildMachine, SwiftRuntime } from '@fleetsweep/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClientError } from './client-error.ts'
import { FleetsweepClient } from './fleetsweep-client.ts'
import { odata } from './odata.ts'
import { keptToken, type TokenSource } from './sign-in/token-source.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A server that misbehaves as told, one answer for each request. */
let server: Server
let baseUrl: string
let answers: Answer[]
let seen: IncomingMessage[]
let runtime: SwiftRuntime

const machine = buildMachine()
const well: Answer = (response) => json(response, 200, machine)
const tokens: TokenSource = { get: async () => 'token', forget() {} }

beforeEach(async () => {
  answers = []
  seen = []
  runtime = new SwiftRuntime()
  server = createServer((request, response) => {
    seen.push(request)
    const answer = answers.shift()
    if (answer) answer(response, request)
    else response.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

describe('a connection that breaks', () => {
  it.each<[string, Answer]>([
    ['before the answer', (response) => response.destroy()],
    [
      'within the answer',
      (response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('{"id":')
        setImmediate(() => response.destroy())
      },
    ],
    ['at a proxy', (response) => response.writeHead(502).end('<html>Bad gateway</html>')],
  ])('%s is read from again', async (_where, broken) => {
    answers = [broken, broken, well]
    expect((await client().getMachine('x')).id).toBe(machine.id)
    expect(runtime.pauses).toEqual([1_000, 2_000])
  })

  it('is not asked again to do what it may have done', async () => {
    const scan = client().runAntivirusScan('x', { scanType: 'Quick', comment: 'Why' })
    await expect(scan).rejects.toMatchObject({ code: 'Unreachable' })
    expect(seen).toHaveLength(1)
  })

  it('is asked again where there was not even a token to ask with', async () => {
    let asked = 0
    const get = async () => {
      if (asked++ === 0) throw new ClientError('Unreachable', 'The issuer is away')
      return 'token'
    }
    answers = [(response) => json(response, 404, { error: { code: 'ResourceNotFound', message: 'Gone' } })]
    const cancel = client({ tokens: { ...tokens, get } }).cancelMachineAction('x')
    await expect(cancel).rejects.toMatchObject({ code: 'ResourceNotFound', message: 'Gone' })
    expect(asked).toBe(2)
  })

  it('waits a time of chance, so that clients do not come back together', async () => {
    answers = [(response) => response.destroy(), well]
    const half = Object.assign(runtime, { random: () => 0.5 })
    await client({ runtime: half }).getMachine('x')
    expect(runtime.pauses).toEqual([500])
  })
})

describe('a server that asks for a pause', () => {
  it.each([
    ['7', 7_000],
    ['Wed, 25 Nov 2026 10:00:12 GMT', 12_000],
    ['Wednesday, 25-Nov-26 10:00:12 GMT', 12_000],
    ['Wed, 25 Nov 2026 09:00:00 GMT', 0],
    // What cannot be read is as good as nothing: then the pause is the client's own.
    ['soon', 1_000],
    ['-5', 1_000],
    ['1e3', 1_000],
  ])('by Retry-After: %s is left alone for %d ms', async (after, pauseMs) => {
    const headers = { 'retry-after': after, date: 'Wed, 25 Nov 2026 10:00:00 GMT' }
    answers = [(response) => response.writeHead(503, headers).end(), well]
    await client().getMachine('x')
    expect(runtime.pauses).toEqual([pauseMs])
  })
})

describe('a server that does not answer', () => {
  it('is given up after the time that a request may take', async () => {
    answers = [() => {}, () => {}]
    const impatient = client({ timeoutMs: 30, retry: { attempts: 1, longestPauseMs: 0 } })
    await expect(impatient.getMachine('x')).rejects.toMatchObject({
      code: 'Unreachable',
      message: `No answer from ${baseUrl} within 0.03 s`,
    })
    expect(runtime.pauses).toEqual([0])
  })

  it('is left at once by a caller who aborts, also while all wait for a token', async () => {
    const abort = new AbortController()
    const never = keptToken(() => new Promise(() => {}), runtime.clock)
    const call = client({ tokens: never }).getMachine('x', { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
  })
})

describe('a token', () => {
  it.each([301, 302, 307, 308])('goes nowhere that an answer sends it (%d)', async (status) => {
    answers = [(response) => response.writeHead(status, { location: `${baseUrl}/elsewhere` }).end()]
    const once = client({ retry: { attempts: 0, longestPauseMs: 0 } })
    await expect(once.getMachine('x')).rejects.toMatchObject({ code: 'Unreachable' })
    expect(seen.map(({ url }) => url)).toEqual(['/api/machines/x'])
  })

  it.each([
    'http://127.0.0.1:1/api/machines',
    'https://127.0.0.1/api/machines',
    'http://user@evil.example/api/machines',
    '//evil.example/api/machines',
    'api/machines?$skip=1',
  ])('goes to no next link of another origin: %s', async (link) => {
    answers = [
      (response) => json(response, 200, { value: [], '@odata.nextLink': link }),
      (response) => json(response, 404, {}),
    ]
    await expect(Array.fromAsync(client().listMachines())).rejects.toMatchObject({ code: 'BadAnswer' })
    expect(seen.every(({ headers }) => headers.host === new URL(baseUrl).host)).toBe(true)
  })
})

describe('lists', () => {
  it('are read by $top and $skip where a page size is asked for, until a page is not full', async () => {
    const machines = Array.from({ length: 5 }, () => buildMachine())
    answers = [0, 2, 4].map((from) => (response) => {
      json(response, 200, { value: machines.slice(from, from + 2) })
    })
    const read = await Array.fromAsync(client().listMachines({ pageSize: 2, orderBy: 'id' }))
    expect(read).toEqual(machines)
    const queries = seen.map(({ url }) => Object.fromEntries(new URL(url ?? '', baseUrl).searchParams))
    expect(queries).toEqual([
      { $orderby: 'id', $top: '2' },
      { $orderby: 'id', $top: '2', $skip: '2' },
      { $orderby: 'id', $top: '2', $skip: '4' },
    ])
  })
})

describe('pages that the server cuts shorter than asked for', () => {
  it('are read by their links, and then by $skip again', async () => {
    const machines = Array.from({ length: 5 }, () => buildMachine())
    const page = (from: number, to: number, link?: string) => (response: ServerResponse) => {
      const next = link === undefined ? {} : { '@odata.nextLink': `${baseUrl}/api/machines?${link}` }
      json(response, 200, { value: machines.slice(from, to), ...next })
    }
    answers = [page(0, 2, 'rest=1'), page(2, 3), page(3, 5)]
    expect(await Array.fromAsync(client().listMachines({ pageSize: 3, limit: 5 }))).toEqual(machines)
    expect(seen.map(({ url }) => new URL(url ?? '', baseUrl).search)).toEqual([
      '?%24top=3',
      '?rest=1',
      '?%24top=3&%24skip=3',
    ])
  })
})

describe('a filter with values from outside', () => {
  it('quotes text, and writes the rest as the API reads it', () => {
    expect(odata`a eq ${"o'brien' or 1 eq 1"}`).toBe("a eq 'o''brien'' or 1 eq 1'")
    expect(odata`a gt ${new Date(0)} and b eq ${5} and c eq ${true}`).toBe(
      'a gt 1970-01-01T00:00:00.000Z and b eq 5 and c eq true',
    )
  })
})

function client(given: Partial<ConstructorParameters<typeof FleetsweepClient>[0]> = {}): FleetsweepClient {
  return new FleetsweepClient({ baseUrl, tokens, runtime, ...given })
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
