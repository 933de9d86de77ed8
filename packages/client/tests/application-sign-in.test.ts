// How applications sign in at a real server: by secret, by certificate, and with tokens that somebody else brings.
import { webcrypto } from 'node:crypto'
import type { CreatedApplication } from '@fleetsweep/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiCaller, ApiServer } from '../../server/tests/api-server.ts'
import { clientCertificate } from '../../server/tests/client-certificate.ts'
import {
  type ClientCredentials,
  type ClientRuntime,
  clientCredentials,
  FleetsweepClient,
  platformRuntime,
  type TokenSource,
  tokensFrom,
} from '../src/index.ts'

let api: ApiServer
let admin: ApiCaller
let application: CreatedApplication
let runtime: ClientRuntime

beforeAll(async () => {
  api = await ApiServer.start()
  admin = await api.caller(['Fleet.Admin'])
  const body = { displayName: 'Playbook', permissions: ['Machine.Read.All'], secret: {} }
  application = (await admin('POST /fleet/v1/applications', { body })).json()
  await api.machine(1)
  runtime = { ...platformRuntime(), nowMs: () => api.clock.now() / 1_000 }
})
afterAll(() => api[Symbol.asyncDispose]())

const place = () => ({ baseUrl: api.origin, tenant: api.tenant, clientId: application.id })
const machinesBy = (tokens: TokenSource) =>
  Array.fromAsync(new FleetsweepClient({ baseUrl: api.origin, tokens, runtime }).listMachines())
const signedInBy = (credentials: ClientCredentials) => machinesBy(clientCredentials(credentials, runtime))

async function registered(kind: 'RSA' | 'P-256') {
  const made = await clientCertificate(api.clock.now(), { kind })
  const path = `POST /fleet/v1/applications/${application.id}/certificates`
  expect((await admin(path, { body: { certificate: made.pem } })).status).toBe(201)
  return { certificate: made.pem, privateKey: made.privatePem }
}

describe('an application', () => {
  it('signs in by its secret, for any audience that the server knows', async () => {
    const clientSecret = application.secret?.secret ?? ''
    for (const scope of [undefined, 'https://api.securitycenter.microsoft.com/.default']) {
      const credentials = { ...place(), clientSecret, ...(scope !== undefined && { scope }) }
      expect(await signedInBy(credentials)).toHaveLength(1)
    }
  })

  it('signs in where the tokens come from another origin than the API', async () => {
    const clientSecret = application.secret?.secret ?? ''
    const authority = api.origin.replace('127.0.0.1', 'localhost')
    const scope = `${api.origin}/.default`
    await expect(
      signedInBy({ ...place(), clientSecret, scope, authority: 'http://127.0.0.1:1' }),
    ).rejects.toThrow('No answer from http://127.0.0.1:1')
    expect(await signedInBy({ ...place(), clientSecret, scope, authority })).toHaveLength(1)
  })

  it.each(['RSA', 'P-256'] as const)('signs in by a certificate with a key of the kind %s', async (kind) => {
    expect(await signedInBy({ ...place(), ...(await registered(kind)) })).toHaveLength(1)
  })

  it('signs in by a key that cannot be read out', async () => {
    const { certificate, privateKey } = await registered('RSA')
    const der = Buffer.from(privateKey.replaceAll(/-----[A-Z ]+-----|\n/g, ''), 'base64')
    const how = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    const key = await webcrypto.subtle.importKey('pkcs8', der, how, false, ['sign'])
    expect(await signedInBy({ ...place(), certificate, privateKey: key })).toHaveLength(1)
  })

  it('is told why a key is of no use', async () => {
    const { certificate, privateKey } = await registered('RSA')
    const other = await clientCertificate(api.clock.now())
    const large = await clientCertificate(api.clock.now(), { kind: 'P-384' })
    const refused = (proof: { certificate: string; privateKey: string }) =>
      expect(signedInBy({ ...place(), ...proof })).rejects
    await refused({ certificate, privateKey: other.privatePem }).toThrow(/AADSTS700027/)
    await refused({ certificate, privateKey: large.privatePem }).toThrow(/neither an RSA nor a P-256 key/)
    await refused({ certificate: privateKey, privateKey }).toThrow(/No PEM block "CERTIFICATE"/)
    await refused({ certificate, privateKey: privateKey.replaceAll('PRIVATE', 'RSA PRIVATE') }).toThrow(
      /openssl pkcs8/,
    )
  })

  it('goes on with a new token when the server takes the old one back', async () => {
    const body = { displayName: 'Old', permissions: ['Machine.Read.All'], secret: {} }
    const old: CreatedApplication = (await admin('POST /fleet/v1/applications', { body })).json()
    const credentials = { ...place(), clientId: old.id, clientSecret: old.secret?.secret ?? '' }
    let revoked: string | undefined = await clientCredentials(credentials, runtime).get()
    await admin(`DELETE /fleet/v1/applications/${old.id}`)
    const good = clientCredentials({ ...place(), clientSecret: application.secret?.secret ?? '' }, runtime)
    const tokens: TokenSource = {
      get: async () => revoked ?? (await good.get()),
      forget() {
        revoked = undefined
      },
    }
    expect(await machinesBy(tokens)).toHaveLength(1)
    expect(revoked).toBeUndefined()
  })
})

describe('tokens of another credential', () => {
  it('are asked for once, and again shortly before they end', async () => {
    const inner = clientCredentials({ ...place(), clientSecret: application.secret?.secret ?? '' }, runtime)
    const asked: string[] = []
    let monotonicMs = 0
    const moved = { ...runtime, clock: { ...runtime.clock, monotonicMs: () => monotonicMs } }
    const getToken = async (scope: string) => {
      asked.push(scope)
      return { token: await inner.get(), expiresOnTimestamp: runtime.nowMs() + 3_600_000 }
    }
    const tokens = tokensFrom({ getToken }, `${api.origin}/.default`, moved)
    expect(await machinesBy(tokens)).toHaveLength(1)
    await tokens.get()
    expect(asked).toEqual([`${api.origin}/.default`])
    monotonicMs = 3_541_000
    await Promise.all([tokens.get(), tokens.get()])
    expect(asked).toHaveLength(2)
  })

  it.each([
    ['gives none', async () => null],
    ['fails', () => Promise.reject(new Error('AADSTS7000215'))],
  ])('are missing where the credential %s', async (_how, getToken) => {
    await expect(machinesBy(tokensFrom({ getToken }, 'x/.default', runtime))).rejects.toMatchObject({
      code: 'SignInRefused',
    })
  })
})
