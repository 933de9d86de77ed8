// https://learn.microsoft.com/en-us/defender-endpoint/api/common-errors
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresDatabase, sqliteDatabase } from '../api-server.ts'
import type { RawAnswer } from '../raw-call.ts'
import { ClientWorld } from './clients.ts'

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('clients and refusals on %s', (_, openDatabase) => {
  let world: ClientWorld
  let machine: string

  beforeAll(async () => {
    world = await ClientWorld.open(openDatabase)
    machine = await world.api.machine(1)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  function expectRefusal(answer: RawAnswer, status: number, code: string): void {
    expect({ status: answer.status, text: answer.text }).toMatchObject({ status })
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.json()).toEqual({
      error: { code, message: expect.stringMatching(/./), target: expect.stringMatching(/./) },
    })
  }

  it('A.12 an id that names nothing is 404 ResourceNotFound, whatever it looks like', async () => {
    const scan = '{"Comment": "c", "ScanType": "Quick"}'
    for (const id of [
      '123123123',
      'test-connection',
      '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
      '0',
      '%20',
      '-1',
    ]) {
      expectRefusal(await world.call('connector', `GET /api/machines/${id}`), 404, 'ResourceNotFound')
      expectRefusal(await world.call('connector', `GET /api/alerts/${id}`), 404, 'ResourceNotFound')
      const path = `/api/machines/${id}/runAntiVirusScan`
      expectRefusal(await world.call('connector', `POST ${path}`, scan), 404, 'ResourceNotFound')
      expectRefusal(await world.call('connector', `GET /api/machineactions/${id}`), 404, 'ResourceNotFound')
      const cancel = `POST /api/machineactions/${id}/cancel`
      expectRefusal(await world.call('connector', cancel, '{"Comment": "c"}'), 404, 'ResourceNotFound')
    }
  })

  it('A.12 a verb or an action that is not offered is answered in JSON', async () => {
    const wrongVerb = await world.call('connector', `GET /api/machines/${machine}/runAntiVirusScan`)
    expectRefusal(wrongVerb, 405, 'MethodNotAllowed')
    expect(wrongVerb.headers.allow).toBe('POST')
    const isolation = '{"Comment": "c", "IsolationType": "Full"}'
    const isolated = await world.call('connector', `POST /api/machines/${machine}/isolate`, isolation)
    const { error } = isolated.json<{ error: { code: string } }>()
    expectRefusal(isolated, isolated.status, error.code)
    expect([400, 403, 404]).toContain(isolated.status)
    const nobody = await world.call('connector', 'POST /api/machines/123123123/isolate', isolation)
    expectRefusal(nobody, 404, 'ResourceNotFound')
    const unknown = await world.call(
      'connector',
      `POST /api/machines/${machine}/makeCoffee`,
      '{"Comment": "c"}',
    )
    expectRefusal(unknown, 404, 'NotFound')
  })

  it('A.13 every refusal has the three members and is JSON, and no success has an error', async () => {
    const scanPath = `/api/machines/${machine}/runAntiVirusScan`
    expectRefusal(await world.send('connector', 'GET /api/machines'), 401, 'Unauthorized')
    expectRefusal(
      await world.send('connector', 'GET /api/machines', ['Authorization: Bearer eyJ0eXAi.e30.x']),
      401,
      'Unauthorized',
    )
    const reader = await world.api.token(await world.api.application(['Machine.Read.All']))
    const forbidden = await world.send(
      'connector',
      `POST ${scanPath}`,
      [`Authorization: Bearer ${reader}`],
      '{}',
    )
    expectRefusal(forbidden, 403, 'Forbidden')
    expectRefusal(await world.call('connector', `POST ${scanPath}`, '{'), 400, 'InvalidRequestBody')
    expectRefusal(await world.call('connector', `POST ${scanPath}`, '{}'), 400, 'MissingRequiredParameter')
    expectRefusal(await world.call('connector', 'GET /api/machines?$filter=bad'), 400, 'ODataError')
    expectRefusal(await world.call('connector', 'GET /api/nothing'), 404, 'NotFound')
    expectRefusal(await world.call('connector', `DELETE /api/machines/${machine}`), 405, 'MethodNotAllowed')
    expectRefusal(
      await world.send('poller', `POST ${scanPath}`, [world.bearer, 'Content-Type: text/xml'], '<x/>'),
      415,
      'UnsupportedMediaType',
    )
    const large = `{"Comment": "${'x'.repeat(300_000)}"}`
    expectRefusal(await world.call('connector', `POST ${scanPath}`, large), 413, 'RequestTooLarge')

    for (const path of ['/api/machines', `/api/machines/${machine}`, '/api/machineactions']) {
      const answer = await world.call('poller', `GET ${path}`)
      expect(answer.status).toBe(200)
      expect(Object.keys(answer.json())).not.toContain('error')
    }
  })

  it('A.17 whoever calls too often hears after how many whole seconds to try again', async () => {
    const application = await world.api.application()
    await world.api.setLimits(application.id, { perMinute: 2, perHour: null })
    const bearer = [`Authorization: Bearer ${await world.api.token(application)}`]
    for (let n = 0; n < 2; n += 1) {
      expect((await world.send('poller', 'GET /api/machineactions?$top=1', bearer)).status).toBe(200)
    }
    const answer = await world.send('poller', 'GET /api/machineactions?$top=1', bearer)
    expectRefusal(answer, 429, 'TooManyRequests')
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/)
  })
})
