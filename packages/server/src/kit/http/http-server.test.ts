import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Permission, TenantId } from '@fleetsweep/protocol'
import { pino } from 'pino'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CallAnswer, call } from '../../../tests/call.ts'
import { systemClock } from '../clock.ts'
import { DatabaseBusyError, QueryTimeoutError } from '../db/database.ts'
import {
  Answer,
  ApiError,
  type Caller,
  createHttpServer,
  type Exceeded,
  Origins,
  operationFor,
} from './index.ts'

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const ODATA_TYPE = 'application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8'

const operation = operationFor<Caller>()
const Echo = Type.Object({ said: Type.Unknown() })
const services = { say: (what: unknown) => ({ said: what ?? null }) }
type Services = typeof services

const operations = [
  operation({
    route: 'GET /api/things/:thingId',
    summary: 'Test the server',
    access: {
      permission: ['Machine.Read.All', 'Machine.ReadWrite.All'],
      role: ['ViewData'],
      reach: 'machine',
    },
    answers: { 200: Echo },
    handle: ({ params, search, path, origin }, { say }: Services) =>
      say({ thingId: params.thingId, query: [...search], path, origin }),
  }),
  operation({
    route: 'GET /api/things/near(:arguments)',
    summary: 'Test the server',
    access: { permission: ['Machine.Read.All'], role: ['ViewData'], reach: 'machines' },
    answers: { 200: Echo },
    handle: ({ params, search, path }, { say }: Services) =>
      say({ arguments: params.arguments, query: [...search], path }),
  }),
  operation({
    route: 'POST /api/things/:thingId/paint',
    summary: 'Test the server',
    access: { permission: ['Machine.Scan'], role: ['ActiveRemediationActions'], reach: 'machine' },
    body: Type.Object({
      Comment: Type.String(),
      Colour: Type.String(),
      Coats: Type.Optional(Type.Integer({ maximum: 9 })),
    }),
    bodyHints: { 评论: 'Comment' },
    answers: { 201: Echo },
    handle: ({ body }, { say }: Services) => say(body),
  }),
  operation({
    route: 'POST /api/things/:thingId/clear',
    summary: 'Test the server',
    access: { permission: ['Machine.Scan'], role: ['ActiveRemediationActions'], reach: 'machine' },
    body: Type.Object({ Comment: Type.Optional(Type.String()) }),
    answers: { 200: Echo },
    handle: ({ body }, { say }: Services) => say(body),
  }),
  operation({
    route: 'POST /api/fail',
    summary: 'Test the server',
    access: { anonymous: 'it only fails' },
    body: Type.Object({ how: Type.String() }),
    answers: { 200: Echo, 409: Echo },
    handle: ({ body: { how } }) => {
      if (how === 'busy') throw new DatabaseBusyError()
      if (how === 'slow') throw new QueryTimeoutError({ cause: new Error('57014') })
      if (how === 'limit') throw new ApiError('TooManyRequests', 'Slow', { headers: { 'retry-after': '7' } })
      if (how === 'conflict') return new Answer(409, { said: how }, { link: '<x>' })
      if (how === 'undeclared') return new Answer(202, { said: how })
      throw new Error(`secret: ${how}`)
    },
  }),
  operation({
    route: 'GET /fleet/v1/things',
    summary: 'Test the server',
    access: { permission: ['Machine.Read.All'], role: ['ViewData'], reach: 'machines' },
    query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1 })) }),
    answers: { 200: Echo },
    handle: ({ query }, { say }: Services) => say(query.limit),
  }),
  operation({
    route: 'GET /fleet/v1/self',
    summary: 'Test the server',
    access: { signedIn: 'everybody may know who they are' },
    answers: { 200: Echo },
    handle: ({ principal }, { say }: Services) => say([...principal.permissions]),
  }),
  operation({
    route: 'GET /:tenant/form',
    summary: 'Test the server',
    access: { anonymous: 'forms come from anybody' },
    consumes: 'form',
    answers: { 200: Echo },
    handle: ({ body }, { say }: Services) => say(body),
  }),
  operation({
    route: 'POST /:tenant/form',
    summary: 'Test the server',
    access: { anonymous: 'forms come from anybody' },
    consumes: 'form',
    answers: { 200: Echo },
    handle: ({ body }, { say }: Services) => say(body),
  }),
]

describe('the HTTP server', () => {
  const logged: string[] = []
  let permissions: Permission[]
  let tooMany: Exceeded | undefined
  const refused: string[] = []
  let origin: string
  let close: () => Promise<void>

  beforeEach(async () => {
    logged.length = 0
    permissions = ['Machine.Read.All', 'Machine.Scan']
    tooMany = undefined
    refused.length = 0
    const origins = new Origins()
    const server = createHttpServer({
      operations,
      services,
      async authenticate({ authorization }) {
        if (authorization !== 'Bearer good') {
          throw new ApiError('Unauthorized', 'No', { headers: { 'www-authenticate': 'Bearer' } })
        }
        return { tenant: 'x' as TenantId, permissions: new Set(permissions), rolePermissions: null }
      },
      limiter: { countCall: () => tooMany, countAnonymous: () => undefined },
      onRefusal: ({ route, code }) => void refused.push(`${route}: ${code}`),
      origins,
      clock: systemClock,
      logger: pino({}, { write: (line: string) => void logged.push(line) }),
      newId: () => crypto.randomUUID(),
    })
    origin = await server.listen({ host: '127.0.0.1', port: 0 })
    origins.list([origin, 'https://fleet.example'])
    close = () => server.close()
  })
  afterEach(() => close())

  const authorized = { authorization: 'Bearer good' }
  const ask = (target: string, options: Parameters<typeof call>[2] = {}) =>
    call(origin, target, { ...options, headers: { ...authorized, ...options.headers } })
  const sendLines = async (lines: readonly string[]) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    return text(socket)
  }
  const paint = (body: string | Buffer | object, headers: Record<string, string> = {}) =>
    ask('POST /api/things/1/paint', { body, headers })

  function expectRefusal(answer: CallAnswer, status: number, code: string): void {
    const { error } = answer.json<{ error: Record<string, string> }>()
    expect({ status: answer.status, code: error.code }).toEqual({ status, code })
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.headers['odata-version']).toBeUndefined()
    expect(answer.text).toBe(JSON.stringify({ error }))
    expect(Object.keys(error)).toEqual(['code', 'message', 'target'])
    expect(error.target).toMatch(GUID)
  }

  it.each([
    '/api/things/1',
    '/API/Things/1',
    '/api/v1.0/things/1',
    '/Api/V1.0/THINGS/1',
    '/api/things/1/',
    '//api//things/1',
    '/api/things/1/?$top=1',
    'http://elsewhere.example/api/things/1?a',
  ])('serves %s', async (path) => {
    const answer = await ask(`GET ${path}`)
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({ said: { thingId: '1' } })
  })

  it('answers as OData below /api', async () => {
    const { headers } = await ask('GET /api/things/1')
    expect(headers).toMatchObject({
      'content-type': ODATA_TYPE,
      'odata-version': '4.0',
      'x-content-type-options': 'nosniff',
    })
  })

  it('keeps the case and the raw characters of what a path names', async () => {
    const answer = await ask("GET /api/things/By(ip='1.2.3.4',timestamp=2026-11-23T08:12:26Z)")
    expect(answer.json()).toMatchObject({
      said: { thingId: "By(ip='1.2.3.4',timestamp=2026-11-23T08:12:26Z)" },
    })
  })

  it.each([
    "near(ip='1.2.3.4',timestamp=2026-11-23T08:12:26Z)",
    "NEAR(ip='1.2.3.4',timestamp=2026-11-23T08:12:26Z)/?x=1",
    'near%28ip=%271.2.3.4%27,timestamp=2026-11-23T08%3A12%3A26Z%29',
  ])('hands %s over as a call with arguments', async (path) => {
    expect((await ask(`GET /api/things/${path}`)).json()).toMatchObject({
      said: { arguments: "ip='1.2.3.4',timestamp=2026-11-23T08:12:26Z" },
    })
    expectRefusal(await ask(`POST /api/things/${path}`), 405, 'MethodNotAllowed')
  })

  it.each([
    ["?$filter=name+eq+'a'", [['$filter', "name eq 'a'"]]],
    ["?%24filter=name%20eq%20'a'", [['$filter', "name eq 'a'"]]],
    ['?$top=100&', [['$top', '100']]],
    ['?x=100%', [['x', '100%']]],
  ])('reads the query %s', async (query, pairs) => {
    expect((await ask(`GET /api/things/1${query}`)).json()).toMatchObject({ said: { query: pairs } })
  })

  it('ignores the body of a GET', async () => {
    const answer = await ask('GET /api/things/1', {
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(200)
  })

  it('answers a HEAD like a GET without the body', async () => {
    const answer = await ask('HEAD /api/things/1')
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: '' })
    expect(answer.headers['content-type']).toBe(ODATA_TYPE)
  })

  it.each(['/api/things/%', '/api/things/%zz', '/api/things/%00', `/api/things/${'a'.repeat(500)}`])(
    'answers 404 ResourceNotFound for %s',
    async (path) => {
      expectRefusal(await ask(`GET ${path}`), 404, 'ResourceNotFound')
    },
  )

  it('answers 404 NotFound where there is nothing', async () => {
    expectRefusal(await ask('GET /api/nothing/here'), 404, 'NotFound')
    expectRefusal(await ask('POST /api/things/1/fly', { body: '{}' }), 404, 'NotFound')
    expectRefusal(await ask('GET /'), 404, 'NotFound')
  })

  it('answers 405 and what is allowed for another verb', async () => {
    const onAction = await ask('GET /api/v1.0/Things/1/Paint/?x=1')
    expectRefusal(onAction, 405, 'MethodNotAllowed')
    expect(onAction.headers.allow).toBe('POST')
    const onThing = await ask('DELETE /api/things/1')
    expectRefusal(onThing, 405, 'MethodNotAllowed')
    expect(onThing.headers.allow).toBe('GET, HEAD')
    expectRefusal(await ask('PROPFIND /api/things/1'), 405, 'MethodNotAllowed')
    expectRefusal(await ask('OPTIONS /api/things/1'), 405, 'MethodNotAllowed')
  })

  it('refuses before it looks at anything else: who calls, how often, and whether they may', async () => {
    const anonymous = await call(origin, 'POST /api/things/1/paint', { body: 'rubbish' })
    expectRefusal(anonymous, 401, 'Unauthorized')
    expect(anonymous.headers['www-authenticate']).toBe('Bearer')
    permissions = ['Fleet.Admin']
    expectRefusal(await paint('rubbish'), 403, 'Forbidden')
    tooMany = { retryAfterSeconds: 12, calls: 100, windowSeconds: 60 }
    const limited = await paint('rubbish')
    expectRefusal(limited, 429, 'TooManyRequests')
    expect(limited.headers['retry-after']).toBe('12')
    expect(limited.json<{ error: { message: string } }>().error.message).toBe(
      'API calls quota exceeded! maximum allowed 100 per 00:01:00. Try again in 12 seconds.',
    )
  })

  it('tells of every refusal of somebody known, by the declared route, and of nobody else', async () => {
    await call(origin, 'POST /api/things/1/paint', { body: 'rubbish' })
    expect(refused).toEqual([])
    await paint('rubbish')
    permissions = ['Fleet.Admin']
    await paint('rubbish')
    tooMany = { retryAfterSeconds: 12, calls: 100, windowSeconds: 60 }
    await paint('rubbish')
    expect(refused).toEqual(
      ['InvalidRequestBody', 'Forbidden', 'TooManyRequests'].map(
        (code) => `POST /api/things/:thingId/paint: ${code}`,
      ),
    )
  })

  it('asks no more than who calls where it is enough to be signed in, and limits them all the same', async () => {
    permissions = []
    expect((await ask('GET /fleet/v1/self')).json()).toEqual({ said: [] })
    expect((await call(origin, 'GET /fleet/v1/self')).status).toBe(401)
    tooMany = { retryAfterSeconds: 12, calls: 100, windowSeconds: 60 }
    expect((await ask('GET /fleet/v1/self')).status).toBe(429)
  })

  it('lets in whoever has any one of the permissions', async () => {
    permissions = ['Machine.ReadWrite.All']
    expect((await ask('GET /api/things/1')).status).toBe(200)
  })

  it.each([{}, { 'content-type': 'application/json' }, { 'content-type': 'text/json; charset=utf-8' }])(
    'reads JSON with %o and hands on only what was declared valid',
    async (headers) => {
      const answer = await paint({ Comment: 'c', Colour: 'red', Extra: 1 }, headers)
      expect(answer.status).toBe(201)
      expect(answer.json()).toEqual({ said: { Comment: 'c', Colour: 'red', Extra: 1 } })
    },
  )

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'nonsense', 'application/xml; a=json'])(
    'answers 415 for %s',
    async (type) => {
      expectRefusal(await paint('{}', { 'content-type': type }), 415, 'UnsupportedMediaType')
    },
  )

  it('does without a body where nothing in it is required', async () => {
    expect((await ask('POST /api/things/1/clear')).status).toBe(200)
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await ask('POST /api/things/1/clear', { body: '', headers: type })).status).toBe(200)
    expectRefusal(await ask('POST /api/things/1/paint'), 400, 'InvalidRequestBody')
  })

  it.each(['{', '[]', '"text"', 'null', '7', Buffer.from([0x7b, 0xff, 0x7d])])(
    'answers InvalidRequestBody for %s',
    async (body) => {
      expectRefusal(await paint(body), 400, 'InvalidRequestBody')
    },
  )

  it.each([
    [{ Colour: 'red' }, 'The parameter Comment is missing'],
    [{ Comment: null, Colour: 'red' }, 'The parameter Comment is missing'],
    [
      { comment: 'c', Colour: 'red' },
      'The parameter Comment is missing: write "Comment", not "comment" (names are case-sensitive)',
    ],
    [
      { 评论: 'c', Colour: 'red' },
      'The parameter Comment is missing: write "Comment", not "评论" (names are case-sensitive)',
    ],
  ])('answers MissingRequiredParameter for %o', async (body, message) => {
    const answer = await paint(body)
    expectRefusal(answer, 400, 'MissingRequiredParameter')
    expect(answer.json()).toMatchObject({ error: { message } })
  })

  it.each([
    '{"Comment":5,"Colour":"red"}',
    '{"Comment":"c","Colour":"red","Coats":10}',
    '{"Comment":"a\\u0000b","Colour":"red"}',
    '{"Comment":"c","Colour":"red","Other":["\\ud800"]}',
    '{"Comment":"c","Colour":"red","a\\udc00":1}',
  ])('answers InvalidInput for %s', async (body) => {
    expectRefusal(await paint(body), 400, 'InvalidInput')
  })

  it('reads what is nested as deep as a body can be', async () => {
    const nested = (text: string) => `${'['.repeat(100_000)}"${text}"${']'.repeat(100_000)}`
    const body = (text: string) => `{"Comment":"c","Colour":"red","Other":${nested(text)}}`
    expect((await paint(body('\\u0041'))).status).toBe(201)
    expectRefusal(await paint(body('\\u0000')), 400, 'InvalidInput')
  })

  it('answers InvalidInput for a NUL in the query', async () => {
    expectRefusal(await ask('GET /api/things/1?a=%00'), 400, 'InvalidInput')
  })

  it('answers 413 as soon as a body is too large', async () => {
    expectRefusal(await paint(`"${'x'.repeat(256 * 1024)}"`), 413, 'RequestTooLarge')
  })

  it('keeps what went wrong inside to itself and to the log', async () => {
    const answer = await call(origin, 'POST /api/fail', { body: { how: 'password 1234' } })
    expectRefusal(answer, 500, 'InternalServerError')
    expect(answer.text).not.toContain('1234')
    const { error } = answer.json<{ error: { target: string } }>()
    const line = logged.find((entry) => entry.includes(error.target))
    expect(line).toContain('secret: password 1234')
  })

  it('answers 503 when more writes wait than it will hold', async () => {
    const answer = await call(origin, 'POST /api/fail', { body: { how: 'busy' } })
    expectRefusal(answer, 503, 'ServiceUnavailable')
    expect(answer.headers['retry-after']).toBe('1')
  })

  it('answers 503 when the database does not find something in time', async () => {
    const answer = await call(origin, 'POST /api/fail', { body: { how: 'slow' } })
    expectRefusal(answer, 503, 'ServiceUnavailable')
    expect(answer.text).not.toContain('57014')
  })

  it('sends the headers of a refusal, and of an answer with another status', async () => {
    const refused = await call(origin, 'POST /api/fail', { body: { how: 'limit' } })
    expect(refused.headers['retry-after']).toBe('7')
    const answer = await call(origin, 'POST /api/fail', { body: { how: 'conflict' } })
    expect({ status: answer.status, link: answer.headers.link }).toEqual({ status: 409, link: '<x>' })
  })

  it('notices a status that it does not declare', async () => {
    expectRefusal(
      await call(origin, 'POST /api/fail', { body: { how: 'undeclared' } }),
      500,
      'InternalServerError',
    )
  })

  it('writes refusals below /fleet as problem details', async () => {
    const answer = await ask('GET /fleet/v1/things?limit=none')
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(answer.json()).toMatchObject({ type: 'about:blank', status: 400, code: 'InvalidInput' })
    expect((await ask('GET /fleet/v1/nothing')).json()).toMatchObject({ status: 404, code: 'NotFound' })
    expect((await ask('GET /fleet/v1/things?limit=5')).json()).toEqual({ said: 5 })
  })

  it.each(['GET', 'POST'])('reads a form from the body of a %s, whatever its type', async (method) => {
    for (const headers of [
      {},
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-type': 'a/b' },
    ]) {
      const answer = await call(origin, `${method} /t/form?ignored=1`, { body: 'a=1&b=x+y%2Fz', headers })
      expect(answer.json()).toEqual({ said: { a: '1', b: 'x y/z' } })
    }
  })

  it('follows the listed origin that a call came to and never repeats another host', async () => {
    const to = async (host: string) => {
      const answer = await ask('GET /api/things/1', { headers: { host } })
      return { answer, origin: answer.json<{ said: { origin: string } }>().said.origin }
    }
    const listed = await to('Fleet.example:443')
    expect(listed.origin).toBe('https://fleet.example')
    expect(listed.answer.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
    const unlisted = await to('evil.example')
    expect(unlisted.origin).toBe(origin)
    expect(JSON.stringify([unlisted.answer.text, unlisted.answer.headers])).not.toContain('evil')
  })

  it.each([
    ['rubbish', ['rubbish'], 'The request is not HTTP, or its method is unknown'],
    [
      'an unknown method',
      ['PAINT / HTTP/1.1', 'Host: x'],
      'The request is not HTTP, or its method is unknown',
    ],
    ['blanks in the target', ['GET /a b HTTP/1.1', 'Host: x'], 'The request is not HTTP'],
    ['a call without a Host', ['GET / HTTP/1.1', 'Connection: close'], 'The Host header is missing'],
  ])('answers in JSON to %s', async (_, lines, message) => {
    const answer = await sendLines(lines)
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(answer).toContain(`{"error":{"code":"BadRequest","message":"${message}","target":"`)
  })

  it.each(['h2c', 'websocket'])('answers a call that offers %s as if it had not', async (upgrade) => {
    const answer = await call(origin, 'GET /api/things/1', {
      headers: { ...authorized, connection: 'Upgrade', upgrade, 'http2-settings': 'AAEAAEAAAAIAAAAB' },
    })
    expect(answer.status).toBe(200)
  })

  it('answers a call with an expectation that it does not know as if there were none', async () => {
    const answer = await call(origin, 'GET /api/nothing', { headers: { expect: '200-ok' } })
    expectRefusal(answer, 404, 'NotFound')
    expect((await ask('GET /api/things/1', { headers: { expect: '200-ok' } })).status).toBe(200)
  })

  it('answers in JSON when the headers are too large', async () => {
    const large = await call(origin, 'GET /api/things/1', { headers: { 'x-large': 'x'.repeat(20_000) } })
    expectRefusal(large, 413, 'RequestTooLarge')
  })
})
