import {
  type Application,
  type CreatedApplication,
  type CreatedSecret,
  PERMISSIONS,
  type TenantId,
} from '@fleetsweep/protocol'
import { until } from '@fleetsweep/testkit'
import { CompiledQuery } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../src/open-database.ts'
import { type ApiCaller, ApiServer } from './api-server.ts'
import { type CallAnswer, call } from './call.ts'
import { clientCertificate } from './client-certificate.ts'

const PATH = '/fleet/v1/applications'

describe('the registration of applications', () => {
  let api: ApiServer
  let admin: ApiCaller

  beforeAll(async () => {
    api = await ApiServer.start()
    admin = await api.caller(['Fleet.Admin'])
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const create = async (given: object = {}): Promise<CreatedApplication> => {
    const body = { displayName: 'Playbooks', permissions: ['Machine.Scan'], secret: {}, ...given }
    const answer = await admin(`POST ${PATH}`, { body })
    expect(answer.status).toBe(201)
    return answer.json()
  }
  const show = async (id: string): Promise<Application> => (await admin(`GET ${PATH}/${id}`)).json()
  const askForToken = (clientId: string, secret: string): Promise<CallAnswer> =>
    call(api.origin, `POST /${api.tenant}/oauth2/v2.0/token`, {
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: secret,
        scope: `${api.origin}/.default`,
      }).toString(),
    })

  it('answers with a secret that works, is shown this once, and ends after 180 days', async () => {
    const { secret: created, ...made } = await create()
    if (!created) throw new Error('No secret was made.')
    const { secret: text, ...kept } = created
    expect((await askForToken(made.id, text)).status).toBe(200)
    expect(made).toMatchObject({ permissions: ['Machine.Scan'], limits: { perMinute: null, perHour: null } })
    const shown = await admin(`GET ${PATH}/${made.id}`)
    expect(shown.json<Application>().secrets).toEqual([kept])
    expect(shown.text).not.toContain(text)
    expect(text).toMatch(new RegExp(`^${kept.hint}`))
    const lifeMs = Date.parse(kept.expiresAt ?? '') - Date.parse(kept.createdAt ?? '')
    expect(lifeMs).toBe(180 * 86_400_000)
  })

  it('makes secrets that end when asked, or never, and says which is which', async () => {
    const { id, secret } = await create({ secret: { expiresInDays: 1, description: 'short' } })
    const forever = await admin(`POST ${PATH}/${id}/secrets`, { body: { expiresInDays: null } })
    expect(forever.json()).toMatchObject({ expiresAt: null, revokedAt: null, lastUsedAt: null })
    expect((await askForToken(id, secret?.secret ?? '')).status).toBe(200)
    api.clock.advance('25h')
    admin = await api.caller(['Fleet.Admin'])
    const expired = await askForToken(id, secret?.secret ?? '')
    expect(expired.json()).toMatchObject({ error: 'invalid_client', error_codes: [7000222] })
    expect((await askForToken(id, forever.json<CreatedSecret>().secret)).status).toBe(200)
    expect((await show(id)).secrets.map(({ description }) => description)).toEqual(['short', ''])
  })

  it('lists the newest first, a page at a time, of the own tenant alone', async () => {
    const made = [await create({ displayName: 'One' }), await create({ displayName: 'Two' })]
    type Page = { items: Application[]; nextCursor: string }
    const first = (await admin(`GET ${PATH}?limit=1`)).json<Page>()
    expect(first.items.map(({ id }) => id)).toEqual([made[1]?.id])
    const second = (await admin(`GET ${PATH}?limit=1&cursor=${first.nextCursor}`)).json<Page>()
    expect(second.items.map(({ id }) => id)).toEqual([made[0]?.id])
    expect((await admin(`GET ${PATH}?cursor=x`)).status).toBe(400)

    const elsewhere = crypto.randomUUID() as TenantId
    await api.stores.tenants.create({ id: elsewhere, domain: 'fabrikam.example', displayName: 'Fabrikam' })
    await api.addKeys(elsewhere)
    const theirs = await api.caller(['Fleet.Admin'], elsewhere)
    const page = (await theirs(`GET ${PATH}`)).json<Page>()
    expect(page.items.map(({ id }) => id)).not.toContain(made[0]?.id)
    expect((await theirs(`GET ${PATH}/${made[0]?.id}`)).status).toBe(404)
    expect((await theirs(`DELETE ${PATH}/${made[0]?.id}`)).status).toBe(404)
    expect((await show(made[0]?.id ?? '')).displayName).toBe('One')
  })

  it('changes the name that machine actions show, and what new tokens may do', async () => {
    const { id, secret } = await create()
    const changed = await admin(`PATCH ${PATH}/${id}`, {
      body: { displayName: 'Renamed', permissions: ['Machine.Scan', 'Machine.Read.All'] },
    })
    expect(changed.json()).toMatchObject({
      displayName: 'Renamed',
      permissions: ['Machine.Read.All', 'Machine.Scan'],
    })
    const token = await api.token({ id: id as never, secret: secret?.secret ?? '' })
    const machine = await api.machine(1)
    const scan = await call(api.origin, `POST /api/machines/${machine}/runAntiVirusScan`, {
      headers: { authorization: `Bearer ${token}` },
      body: { Comment: 'Check', ScanType: 'Quick' },
    })
    expect(scan.json()).toMatchObject({ requestor: 'Renamed' })
  })

  it.each([
    ['POST', '', { permissions: [] }, /displayName/],
    ['POST', '', { displayName: ' ', permissions: [] }, /displayName/],
    ['POST', '', { displayName: 'x'.repeat(121), permissions: [] }, /displayName/],
    ['POST', '', { displayName: 'x', permissions: ['Machine.Everything'] }, /permissions/],
    ['POST', '', { displayName: 'x', permissions: [], secret: { expiresInDays: 731 } }, /expiresInDays/],
    ['POST', '', { displayName: 'x', permissions: [], secret: { expiresInDays: 0 } }, /expiresInDays/],
    ['PATCH', '/:id', {}, /Nothing is to be changed/],
    ['POST', '/:id/secrets', { expiresInDays: 1.5 }, /expiresInDays/],
    ['POST', '/:id/certificates', {}, /certificate/],
    ['PUT', '/:id/limits', { perMinute: 0, perHour: null }, /perMinute/],
  ] as const)('refuses %s %s %j and changes nothing', async (method, path, body, words) => {
    const { id } = await create()
    const before = (await admin(`GET ${PATH}`)).text
    const answer = await admin(`${method} ${PATH}${path.replace(':id', id)}`, { body })
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ detail: expect.stringMatching(words) })
    expect((await admin(`GET ${PATH}`)).text).toBe(before)
  })

  it('answers 404 for what is not there', async () => {
    const { id } = await create()
    const nobody = crypto.randomUUID()
    const { pem } = await clientCertificate(api.clock.now())
    for (const [target, body] of [
      [`GET /${nobody}`],
      ['GET /nobody'],
      [`PATCH /${nobody}`, { displayName: 'x' }],
      [`DELETE /${nobody}`],
      [`POST /${nobody}/secrets`, {}],
      [`POST /${nobody}/certificates`, { certificate: pem }],
      [`PUT /${nobody}/limits`, { perMinute: 1, perHour: 1 }],
      [`DELETE /${id}/secrets/${nobody}`],
      [`DELETE /${id}/certificates/nobody`],
    ] as const) {
      const answer = await admin(target.replace(' ', ` ${PATH}`), body ? { body } : {})
      expect([target, answer.status]).toEqual([target, 404])
    }
  })

  it('knows when a credential was last used, and writes that once an hour', async () => {
    const { id, secret } = await create()
    const use = () => askForToken(id, secret?.secret ?? '')
    const lastUsed = async () => (await show(id)).secrets[0]?.lastUsedAt ?? undefined
    await use()
    expect(await lastUsed()).toBeUndefined()
    api.clock.advance('1s')
    const first = await until(lastUsed, 'the use was noted')
    api.clock.advance('30m')
    await use()
    api.clock.advance('1s')
    expect(await lastUsed()).toBe(first)
    api.clock.advance('30m')
    admin = await api.caller(['Fleet.Admin'])
    await use()
    api.clock.advance('1s')
    await until(async () => (await lastUsed()) !== first, 'the next use was noted')
  })

  it('writes down who changed what, and no secret', async () => {
    const { id, secret } = await create({ displayName: 'Watched', permissions: [...PERMISSIONS] })
    const added = (await admin(`POST ${PATH}/${id}/secrets`, { body: {} })).json<CreatedSecret>()
    const { pem } = await clientCertificate(api.clock.now())
    const certificate = (
      await admin(`POST ${PATH}/${id}/certificates`, { body: { certificate: pem } })
    ).json<{ id: string; thumbprint: string }>()
    await admin(`PATCH ${PATH}/${id}`, { body: { displayName: 'New' } })
    await admin(`PUT ${PATH}/${id}/limits`, { body: { perMinute: 5, perHour: null } })
    await admin(`DELETE ${PATH}/${id}/secrets/${added.id}`)
    await admin(`DELETE ${PATH}/${id}/certificates/${certificate.id}`)
    await admin(`DELETE ${PATH}/${id}`)

    await using db = await openDatabase({ database: api.database }, { clock: api.clock })
    const rows = await db.read({
      compile: () =>
        CompiledQuery.raw(
          `SELECT operation, detail, principal_kind FROM audit_entry WHERE target = '${id}' ORDER BY at`,
        ) as CompiledQuery<{ operation: string; detail: string; principal_kind: string }>,
    })
    expect(rows.map(({ operation, detail }) => [operation, JSON.parse(detail)])).toEqual([
      [
        'application.create',
        {
          displayName: 'Watched',
          permissions: PERMISSIONS,
          secretId: secret?.id,
          secretHint: secret?.hint,
          secretExpiresInDays: 180,
        },
      ],
      ['application.addSecret', { secretId: added.id, secretHint: added.hint, secretExpiresInDays: 180 }],
      ['application.addCertificate', { certificateId: certificate.id, thumbprint: certificate.thumbprint }],
      ['application.change', { displayName: 'New' }],
      ['application.setLimits', { perMinute: 5, perHour: null }],
      ['application.revokeSecret', { secretId: added.id }],
      ['application.revokeCertificate', { certificateId: certificate.id }],
      ['application.delete', { displayName: 'New' }],
    ])
    expect(new Set(rows.map((row) => row.principal_kind))).toEqual(new Set(['application']))
    for (const text of [secret?.secret ?? '', added.secret]) {
      expect(text.length).toBeGreaterThan(40)
      expect(JSON.stringify(rows)).not.toContain(text)
    }
  })
})
