import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { CreatedApplication, Permission } from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type ApiCaller, ApiServer, postgresDatabase, sqliteDatabase } from './api-server.ts'
import { call } from './call.ts'

/** A program with a token that the server knows, and with an open stream. */
type Watched = {
  id: string
  secretId: string
  /** Status of a call with the token that it got at first. */
  call(origin?: string): Promise<number>
  /** False until its stream is over. */
  hasEnded(): boolean
}

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
] as const)('what is taken from a program on %s', (_, openDatabase) => {
  let api: ApiServer
  let admin: ApiCaller

  beforeAll(async () => {
    api = await ApiServer.start(openDatabase, { publicOrigins: ['https://fleet.example'] })
    admin = await api.caller(['Fleet.Admin'])
  })
  afterAll(() => api[Symbol.asyncDispose]())

  /** @param origin of the node that it calls and listens to */
  const watched = async (
    permissions: readonly Permission[] = ['Machine.Read.All'],
    origin = api.origin,
  ): Promise<Watched> => {
    const created = await admin('POST /fleet/v1/applications', {
      body: { displayName: 'Playbooks', permissions, secret: {} },
    })
    const { id, secret } = created.json<CreatedApplication>()
    const token = await api.token({ id: id as never, secret: secret?.secret ?? '' })
    const headers = { authorization: `Bearer ${token}` }
    const status = async (at = origin) => (await call(at, 'GET /api/machines', { headers })).status
    expect(await status()).toBe(200)
    const request = get(`${origin}/fleet/v1/events`, { agent: false, headers })
    const [stream] = (await once(request, 'response')) as [IncomingMessage]
    onTestFinished(() => void request.destroy())
    expect(stream.statusCode).toBe(200)
    const seen = { ended: false }
    stream.resume().on('close', () => {
      seen.ended = true
    })
    return { id, secretId: secret?.id ?? '', call: status, hasEnded: () => seen.ended }
  }

  it.each([
    ['its secret', (one: Watched) => [`DELETE /${one.id}/secrets/${one.secretId}`], 401],
    ['its registration', (one: Watched) => [`DELETE /${one.id}`], 401],
    ['its permission', (one: Watched) => [`PATCH /${one.id}`, { permissions: ['Machine.Scan'] }], 403],
  ] as const)(
    'counts at once: %s, though the token is known and a stream open',
    async (_, change, refused) => {
      const [victim, other] = [await watched(), await watched()]
      const [target = '', body] = change(victim) as [string, object?]
      const answer = await admin(target.replace(' ', ' /fleet/v1/applications'), body ? { body } : {})
      expect(answer.status).toBeLessThan(300)
      // No time has passed: who hears of it acts on it.
      await until(victim.hasEnded, 'the stream ended')
      expect(await victim.call()).toBe(refused)
      expect(await other.call()).toBe(200)
      expect(other.hasEnded()).toBe(false)
    },
  )

  it('counts within a second on a node that nobody told, streams included', async () => {
    await using node = await api.openNode()
    const [victim, other] = [
      await watched(['Machine.Read.All'], node.origin),
      await watched(['Machine.Read.All'], node.origin),
    ]
    const path = `/fleet/v1/applications/${victim.id}/secrets/${victim.secretId}`
    expect((await admin(`DELETE ${path}`)).status).toBe(204)
    for (let passedMs = 0; passedMs < 1_000; passedMs += 100) {
      api.clock.advance(100)
      // A round trip after each step: by then the looks that fell due in it are over, too.
      await other.call()
    }
    expect(await victim.call()).toBe(401)
    await until(victim.hasEnded, 'the stream ended')
    expect(other.hasEnded()).toBe(false)
  })

  it('counts for a token that the node has never seen', async () => {
    const victim = await watched()
    await admin(`DELETE /fleet/v1/applications/${victim.id}/secrets/${victim.secretId}`)
    await using node = await api.openNode()
    expect(await victim.call(node.origin)).toBe(401)
  })

  it('does not count twice: a second secret works before, during and after the first one ends', async () => {
    const { id, secretId } = await watched()
    const added = await admin(`POST /fleet/v1/applications/${id}/secrets`, { body: { expiresInDays: 30 } })
    const { secret } = added.json<{ secret: string }>()
    const headers = { authorization: `Bearer ${await api.token({ id: id as never, secret })}` }
    expect((await call(api.origin, 'GET /api/machines', { headers })).status).toBe(200)
    await admin(`DELETE /fleet/v1/applications/${id}/secrets/${secretId}`)
    expect((await call(api.origin, 'GET /api/machines', { headers })).status).toBe(200)
  })
})

describe('a database that does not answer', () => {
  it('lets nobody in on what was true before, and everybody back when it answers', async () => {
    await using api = await ApiServer.start(postgresDatabase)
    const ask = await api.caller(['Machine.Read.All'])
    expect((await ask('GET /api/machines')).status).toBe(200)
    if (api.database.kind !== 'postgres') throw new Error('This takes two connections.')
    const operator = new pg.Client({ connectionString: api.database.connectionString })
    await operator.connect()
    await using connection = new AsyncDisposableStack()
    connection.defer(() => operator.end())

    await operator.query('BEGIN')
    await operator.query('LOCK TABLE tenant IN ACCESS EXCLUSIVE MODE')
    api.clock.advance('1s')
    let answer: Awaited<ReturnType<ApiCaller>> | undefined
    const waiting = ask('GET /api/machines').then((came) => {
      answer = came
    })
    await until(() => {
      api.clock.advance('1s')
      return answer !== undefined
    }, 'the call was answered')
    await waiting
    expect(answer?.json()).toMatchObject({ error: { code: 'ServiceUnavailable' } })
    expect([answer?.status, answer?.headers['retry-after']]).toEqual([503, '1'])

    await operator.query('ROLLBACK')
    expect((await ask('GET /api/machines')).status).toBe(200)
    await operator.query('ALTER TABLE tenant RENAME TO elsewhere')
    api.clock.advance('1s')
    expect((await ask('GET /api/machines')).status).toBe(503)
    await operator.query('ALTER TABLE elsewhere RENAME TO tenant')
    expect((await ask('GET /api/machines')).status).toBe(200)
  })
})
