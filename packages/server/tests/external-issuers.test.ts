import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MachineAction } from '@fleetsweep/protocol'
import { instantFromMs } from '@fleetsweep/protocol'
import { MovableClock, until } from '@fleetsweep/testkit'
import { TestServer } from '@fleetsweep/testkit/server'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ExternalIssuer } from '../src/config/index.ts'
import { createLocalCa, issueServerCertificate } from '../src/tls/index.ts'
import { MockIssuer } from './mock-issuer.ts'

const AUDIENCE = 'api://fleetsweep'
const TENANT = 'contoso.example'
const DEFENDER = 'https://api.securitycenter.microsoft.com'

const trust = (issuer: string, more: Partial<ExternalIssuer> = {}): ExternalIssuer => ({
  issuer,
  audiences: [AUDIENCE],
  tenant: TENANT,
  jwksUri: null,
  caPem: null,
  claims: {},
  applications: null,
  permissions: null,
  ...more,
})

/** A server that trusts an issuer, and what the issuer would say of an application. */
class Trusting implements AsyncDisposable {
  readonly server: TestServer
  readonly issuer: string

  static async start(issuers: ExternalIssuer[], clock = new MovableClock()): Promise<Trusting> {
    const server = await TestServer.start({ clock, config: { externalIssuers: issuers } })
    return new Trusting(server, issuers[0]?.issuer ?? '')
  }

  private constructor(server: TestServer, issuer: string) {
    this.server = server
    this.issuer = issuer
  }

  get seconds(): number {
    return Math.floor(this.server.clock.now() / 1_000_000)
  }

  /** What Entra says of an application that may read machines. */
  claims(changes: object = {}): object {
    const now = this.seconds
    const subject = '0d3bd2a5-6d0e-4f7c-9d61-6d9f5f3f6c11'
    return {
      iss: this.issuer,
      aud: AUDIENCE,
      sub: subject,
      oid: subject,
      idtyp: 'app',
      azp: '9e1f0d1c-94b5-4dd3-9a70-6a52b8c2a2f4',
      roles: ['Machine.Read.All'],
      iat: now,
      nbf: now,
      exp: now + 3_600,
      ...changes,
    }
  }

  async status(token: string, target = 'GET /api/machines'): Promise<number> {
    return (await this.server.call(target, { token })).status
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]()
  }
}

describe('a token of an external issuer', () => {
  let mock: MockIssuer
  let site: Trusting
  beforeAll(async () => {
    mock = await MockIssuer.start()
    site = await Trusting.start([trust(mock.url)])
  })
  afterAll(async () => {
    await site[Symbol.asyncDispose]()
    await mock[Symbol.asyncDispose]()
  })

  it('lets an application do what its roles say, in every machine of the tenant', async () => {
    const machine = await site.server.enroll()
    const reader = await mock.sign(site.claims())
    const scanner = await mock.sign(site.claims({ roles: ['Machine.Scan', 'Their.Own'] }))
    const scan = `POST /api/machines/${machine.machineId}/runAntiVirusScan`
    const body = { Comment: 'Test', ScanType: 'Quick' }
    expect(await site.status(reader)).toBe(200)
    expect((await site.server.call(scan, { token: reader, body })).status).toBe(403)
    const answer = await site.server.call(scan, { token: scanner, body })
    expect(answer.status).toBe(201)
    const { requestor, requestSource } = (await answer.json()) as MachineAction
    expect({ requestor, requestSource }).toEqual({
      requestor: '9e1f0d1c-94b5-4dd3-9a70-6a52b8c2a2f4',
      requestSource: 'PublicApi',
    })
  })

  it.each(['RS512', 'PS256', 'ES256', 'EdDSA'])('may be signed by %s', async (algorithm) => {
    const kid = await mock.rotate(algorithm)
    // The issuer is asked for an unknown key at most so often.
    site.server.clock.advance('31s')
    expect(await site.status(await mock.sign(site.claims(), { kid }))).toBe(200)
  })

  const changed = (changes: object, header?: object) => async () =>
    mock.sign(site.claims(changes), header === undefined ? {} : { header })
  const parts = async () => {
    const [head = '', body = ''] = (await mock.sign(site.claims())).split('.')
    return { head, body }
  }
  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

  it.each<[string, () => Promise<string>]>([
    ['for another audience', changed({ aud: 'api://else' })],
    ['for no audience', changed({ aud: undefined })],
    ['for Microsoft’s API', changed({ aud: DEFENDER })],
    ['for Microsoft’s API beside ours', changed({ aud: [AUDIENCE, `${DEFENDER}/`] })],
    ['for this server itself, which nobody configured', async () => changed({ aud: site.server.url })()],
    ['of an issuer that is not configured', changed({ iss: 'https://login.example/other' })],
    ['of an issuer that is almost the configured one', async () => changed({ iss: `${mock.url}/` })()],
    ['that says no issuer', changed({ iss: undefined })],
    ['that has expired', async () => changed({ exp: site.seconds - 61 })()],
    ['that never expires', changed({ exp: undefined })],
    ['that is not yet good', async () => changed({ nbf: site.seconds + 120 })()],
    ['that was issued in the future', async () => changed({ iat: site.seconds + 120 })()],
    ['that does not say when it was issued', changed({ iat: undefined })],
    ['that names nobody', changed({ sub: undefined })],
    ['that names somebody in no text that can be kept', changed({ sub: 'a\u0000b' })],
    ['that is an ID token', changed({ nonce: 'x' })],
    ['that is an ID token of Keycloak', changed({ typ: 'ID' })],
    ['that is a logout token', changed({}, { typ: 'logout+jwt' })],
    [
      'without a signature',
      async () => {
        const { body } = await parts()
        return `${base64({ alg: 'none' })}.${body}.x`
      },
    ],
    [
      'signed with the public key as a secret',
      async () => {
        const [key] = await mock.publicKeys()
        const pem = createPublicKey({ key: key ?? {}, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
        const { body } = await parts()
        const input = `${base64({ alg: 'HS256', typ: 'JWT', kid: key?.kid })}.${body}`
        return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
      },
    ],
    [
      'with another’s signature',
      async () => {
        const { head, body } = await parts()
        const [, , signature = ''] = (await mock.sign(site.claims({ sub: 'x' }))).split('.')
        return `${head}.${body}.${signature}`
      },
    ],
    [
      'that brings its own key',
      async () => {
        const forger = generateKeyPairSync('rsa', { modulusLength: 2048 })
        const jwk = forger.publicKey.export({ format: 'jwk' })
        const [key] = await mock.publicKeys()
        return new SignJWT({ ...site.claims() })
          .setProtectedHeader({ alg: 'RS256', kid: key?.kid ?? '', jwk, jku: 'http://127.0.0.1:1/jwks' })
          .sign(forger.privateKey)
      },
    ],
  ])('is refused %s', async (_, make) => {
    const answer = await site.server.call('GET /api/machines', { token: await make() })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    // Whoever holds a bad token learns nothing of what would make it good.
    expect(((await answer.json()) as { error: { message: string } }).error.message).toBe(
      'The access token is not valid',
    )
  })

  it('is good for a minute after its end, for an issuer whose clock is late, and no longer', async () => {
    const token = await mock.sign(site.claims({ exp: site.seconds + 10 }))
    site.server.clock.advance('69s')
    expect(await site.status(token)).toBe(200)
    site.server.clock.advance('2s')
    expect(await site.status(token)).toBe(401)
  })

  it('counts as a person’s unless it is marked as an application’s', async () => {
    // A person who was given the role in Entra holds it in their token, too; so does their ID token.
    for (const person of [
      { idtyp: undefined, sub: 'pairwise' },
      { idtyp: 'user' },
      { idtyp: undefined, scp: 'Machine.Read' },
      { scp: '' },
    ]) {
      expect(await site.status(await mock.sign(site.claims(person)))).toBe(403)
    }
    expect(await site.status(await mock.sign(site.claims({ idtyp: undefined })))).toBe(200)
  })
})

describe('a person of an external issuer', () => {
  const GROUP = 'f3c1a4b8-1f0e-4c58-8a53-2a2b0ac6d0b1'
  let mock: MockIssuer
  let site: Trusting
  let takeAway: () => Promise<unknown>
  beforeAll(async () => {
    mock = await MockIssuer.start()
    const keycloak = trust(mock.url, {
      audiences: ['fleetsweep'],
      claims: { roles: 'realm_access.roles', scopes: 'scope', groups: 'resource_access.fleet.groups' },
      applications: { claim: 'client_id' },
      permissions: new Map([
        ['fleet-reader', ['Machine.Read.All']],
        ['fleet:scan', ['Machine.Scan', 'Machine.Read.All']],
      ]),
    })
    site = await Trusting.start([trust(mock.url), keycloak])
    takeAway = await addAnalysts(site, GROUP)
  })
  afterAll(async () => {
    await site[Symbol.asyncDispose]()
    await mock[Symbol.asyncDispose]()
  })

  const person = (changes: object = {}) =>
    mock.sign(
      site.claims({
        sub: 'pairwise-1',
        idtyp: undefined,
        roles: undefined,
        scp: 'Machine.Read Machine.Scan openid',
        preferred_username: 'ada@contoso.example',
        groups: [GROUP, 'another'],
        ...changes,
      }),
    )
  const scan = async (token: string) => {
    const { machineId } = await site.server.enroll()
    const body = { Comment: 'Test', ScanType: 'Quick' }
    return site.server.call(`POST /api/machines/${machineId}/runAntiVirusScan`, { token, body })
  }

  it('may do what both the scopes and the roles of their groups allow', async () => {
    const answer = await scan(await person())
    expect(answer.status).toBe(201)
    expect(await answer.json()).toMatchObject({
      requestor: 'ada@contoso.example',
      requestSource: 'PublicApi',
    })
    expect((await scan(await person({ scp: 'Machine.Read' }))).status).toBe(403)
    expect((await scan(await person({ groups: ['another'] }))).status).toBe(403)
    expect((await scan(await person({ groups: undefined }))).status).toBe(403)
  })

  it('may do nothing by roles that only applications can hold', async () => {
    expect(await site.status(await person({ scp: 'openid', roles: ['Machine.Read.All'] }))).toBe(403)
  })

  it('has no row of their own', async () => {
    await scan(await person())
    const { users } = site.server.server.stores.forTenant(site.server.made.tenant.id)
    expect(await users.findByName('ada@contoso.example')).toBeUndefined()
  })

  describe('of Keycloak', () => {
    const keycloak = (changes: object = {}) =>
      person({
        aud: ['fleetsweep', 'account'],
        typ: 'Bearer',
        scp: undefined,
        groups: undefined,
        nbf: undefined,
        oid: undefined,
        scope: 'email fleet:scan',
        realm_access: { roles: ['fleet-reader', 'Fleet.Admin'] },
        resource_access: { fleet: { groups: [GROUP] } },
        ...changes,
      })

    it('is read by the paths and the words that the configuration names', async () => {
      expect((await scan(await keycloak())).status).toBe(201)
      // With words of their own, ours mean nothing.
      expect((await scan(await keycloak({ scope: 'Machine.Scan' }))).status).toBe(403)
    })

    it('is told from an application by its mark', async () => {
      const service = { client_id: 'playbooks', scope: 'email', resource_access: undefined }
      expect(await site.status(await keycloak(service))).toBe(200)
      expect(await site.status(await keycloak({ ...service, client_id: undefined }))).toBe(403)
      const token = await keycloak(service)
      expect(await site.status(token, 'GET /fleet/v1/enrollmentTokens')).toBe(403)
    })

    it('is refused when their token is for the audiences of two entries', async () => {
      expect(await site.status(await keycloak({ aud: ['fleetsweep', AUDIENCE] }))).toBe(401)
    })
  })

  it('may do no more at once when a role loses a permission', async () => {
    const token = await person()
    expect((await scan(token)).status).toBe(201)
    await takeAway()
    expect((await scan(token)).status).toBe(403)
    expect(await site.status(token)).toBe(200)
  })
})

describe('the keys of an external issuer', () => {
  let mock: MockIssuer
  let site: Trusting
  beforeEach(async () => {
    mock = await MockIssuer.start()
    site = await Trusting.start([trust(mock.url)])
    return async () => {
      await site[Symbol.asyncDispose]()
      await mock[Symbol.asyncDispose]()
    }
  })
  const fresh = (kid?: string) =>
    mock.sign(site.claims({ jti: crypto.randomUUID() }), kid === undefined ? {} : { kid })

  it('are asked for once for many tokens, and again for a key that is not among them', async () => {
    const tokens = await Promise.all(Array.from({ length: 10 }, () => fresh()))
    const statuses = await Promise.all(tokens.map((token) => site.status(token)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(await mock.timesAsked()).toBe(1)
    site.server.clock.advance('31s')
    const kid = await mock.rotate()
    const rotated = await Promise.all([fresh(kid), fresh(kid)])
    expect(await Promise.all(rotated.map((token) => site.status(token)))).toEqual([200, 200])
    expect(await mock.timesAsked()).toBe(2)
  })

  it('are asked for twice a minute at most, whatever anybody sends', async () => {
    const token = await fresh()
    expect(await site.status(token)).toBe(200)
    const made = async (n: number) => mock.sign(site.claims(), { header: { kid: `made-up-${n}` } })
    for (let n = 0; n < 20; n += 1) expect(await site.status(await made(n))).toBe(401)
    expect(await mock.timesAsked()).toBe(1)
    site.server.clock.advance('31s')
    for (let n = 0; n < 20; n += 1) expect(await site.status(await made(n))).toBe(401)
    expect(await mock.timesAsked()).toBe(2)
    expect(await site.status(token)).toBe(200)
  })

  it('are good no more within ten minutes after the issuer took them back', async () => {
    const token = await fresh()
    expect(await site.status(token)).toBe(200)
    const kid = await mock.rotate()
    await mock.answerKeys('newest')
    site.server.clock.advance('5m')
    site.server.clock.advance('5m')
    expect(await site.status(token)).toBe(401)
    expect(await site.status(await fresh(kid))).toBe(200)
  })

  it('stay known while the issuer is down, for a day', async () => {
    const token = await fresh()
    const later = await mock.sign(site.claims({ exp: site.seconds + 3 * 86_400 }))
    expect(await site.status(token)).toBe(200)
    await mock[Symbol.asyncDispose]()
    site.server.clock.advance('6m')
    expect(await site.status(token)).toBe(200)
    site.server.clock.advance('23h')
    expect(await site.status(later)).toBe(200)
    site.server.clock.advance('2h')
    expect(await site.status(later)).toBe(401)
  })

  it.each(['huge', 'elsewhere', 'broken', 'secret', 'missing', 'of-another'] as const)(
    'are not taken when they come %s, and those that are known stay',
    async (by) => {
      await mock.answerKeys(by)
      const token = await fresh()
      expect(await site.status(token)).toBe(401)
      await mock.answerKeys('usual')
      expect(await site.status(token)).toBe(401)
      site.server.clock.advance('31s')
      expect(await site.status(token)).toBe(200)
      if (by === 'secret') return
      await mock.answerKeys(by)
      site.server.clock.advance('6m')
      expect(await site.status(await fresh())).toBe(200)
    },
  )

  it('hold nobody else up when they come slowly', async () => {
    await using other = await MockIssuer.start()
    await using both = await Trusting.start([trust(mock.url), trust(other.url)])
    await mock.answerKeys('slow')
    const waits = both.status(await mock.sign(both.claims()))
    await until(async () => (await mock.timesAsked()) === 1, 'the slow issuer was asked')
    expect(await both.status(await other.sign(both.claims({ iss: other.url })))).toBe(200)
    expect((await both.server.call('GET /api/machines')).status).toBe(200)
    both.server.clock.advance('6s')
    expect(await waits).toBe(401)
  })
})

describe('an external issuer behind TLS', () => {
  it('is believed by its own certificate authority and no other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-issuer-'))
    try {
      const now = instantFromMs(Date.now())
      const ca = await createLocalCa(['localhost'], now)
      const leaf = await issueServerCertificate(ca, ['localhost'], now)
      const files = { keyFile: join(folder, 'key.pem'), certFile: join(folder, 'cert.pem') }
      writeFileSync(files.keyFile, leaf.keyPem)
      writeFileSync(files.certFile, leaf.certPem)
      await using mock = await MockIssuer.start(files)
      for (const [caPem, status] of [
        [ca.certPem, 200],
        [null, 401],
        [(await createLocalCa(['localhost'], now)).certPem, 401],
      ] as const) {
        await using site = await Trusting.start([trust(mock.url, { caPem })])
        expect(await site.status(await mock.sign(site.claims()))).toBe(status)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

it('a server does not start that is to take itself for an external issuer', async () => {
  const config = {
    publicOrigins: ['http://fleet.example'],
    externalIssuers: [trust('http://fleet.example/x')],
  }
  await expect(TestServer.start({ config })).rejects.toThrow(/which is this server itself/)
})

/** Analysts of an external directory, who may read and scan. @returns a function that takes their role away */
async function addAnalysts({ server }: Trusting, externalId: string): Promise<() => Promise<unknown>> {
  const make = async (path: string, body: object): Promise<string> => {
    const answer = await server.call(`POST /fleet/v1/${path}`, { body })
    return ((await answer.json()) as { id: string }).id
  }
  const group = await make('userGroups', { displayName: 'Analysts', externalId })
  const permissions = ['ViewData', 'ActiveRemediationActions']
  const role = await make('roles', { displayName: 'Analyst', permissions, userGroupIds: [group] })
  return () => server.call(`PATCH /fleet/v1/roles/${role}`, { body: { permissions: ['ViewData'] } })
}
