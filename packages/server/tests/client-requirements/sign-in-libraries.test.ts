// https://learn.microsoft.com/en-us/entra/msal/python/
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fleetsweep, ServerProcess } from '../program.ts'
import { type RawAnswer, rawCall } from '../raw-call.ts'

const Initialised = Compile(
  Type.Object({
    tenant: Type.Object({ id: Type.String(), domain: Type.String() }),
    application: Type.Object({ id: Type.String(), secret: Type.String() }),
    caFile: Type.String(),
  }),
)

/** What MSAL adds to each request; it speaks through Python's requests. */
const MSAL = [
  'User-Agent: python-requests/2.32.3',
  'Accept-Encoding: gzip, deflate',
  'Accept: application/json',
  'Connection: keep-alive',
  'x-client-sku: MSAL.Python',
  'x-client-ver: 1.31.0',
  'client-request-id: 4f1f2d4e-1111-4222-8333-444444444444',
  'return-client-request-id: true',
]

describe('sign-in libraries', () => {
  let folder: string
  let server: ServerProcess
  let made: ReturnType<typeof Initialised.Parse>
  let origin: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fleetsweep-libraries-'))
    const dataDir = join(folder, 'data')
    // As it comes: nothing is said about TLS.
    const ran = await fleetsweep(['init', '--data', dataDir, '--json'])
    made = Initialised.Parse(JSON.parse(ran.out))
    server = await ServerProcess.start(dataDir)
    origin = `https://localhost:${server.port}`
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const ask = (requestLine: string, headers: readonly string[] = [], body = ''): Promise<RawAnswer> => {
    const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
    const head = [`${requestLine} HTTP/1.1`, `Host: localhost:${server.port}`, ...MSAL, ...headers, ...length]
    return rawCall(origin, head, body, { ca: readFileSync(made.caFile, 'utf8') })
  }

  it('B.1 find TLS on a laptop as soon as the server is set up', async () => {
    const answer = await ask(`GET /${made.tenant.domain}/v2.0/.well-known/openid-configuration`)
    expect(answer.status).toBe(200)
  })

  it('B.2 need two requests: the document, then the token', async () => {
    const document = (await ask(`GET /${made.tenant.id}/v2.0/.well-known/openid-configuration`)).json<
      Record<string, string>
    >()
    for (const name of ['authorization_endpoint', 'token_endpoint', 'issuer', 'jwks_uri']) {
      expect({ name, origin: URL.parse(document[name] ?? '')?.origin }).toEqual({ name, origin })
    }
    const form = `client_id=${made.application.id}&grant_type=client_credentials&client_info=1&client_secret=${encodeURIComponent(made.application.secret)}&scope=https%3A%2F%2Fapi.securitycenter.microsoft.com%2F.default`
    const { pathname } = new URL(document.token_endpoint ?? '')
    const type = 'Content-Type: application/x-www-form-urlencoded'
    const answer = await ask(`POST ${pathname}`, [type], form)
    expect(answer.status).toBe(200)
    const keys = await ask(`GET ${new URL(document.jwks_uri ?? '').pathname}`)
    expect(keys.json<{ keys: unknown[] }>().keys.length).toBeGreaterThan(0)
  })

  it('B.3 are answered where they take the server for one of several clouds', async () => {
    const endpoint = `https%3A%2F%2Flocalhost%3A${server.port}%2F${made.tenant.id}%2Foauth2%2Fv2.0%2Fauthorize`
    const path = `/common/discovery/instance?api-version=1.1&authorization_endpoint=${endpoint}`
    const host = `localhost:${server.port}`
    expect((await ask(`GET ${path}`)).json()).toEqual({
      tenant_discovery_endpoint: `${origin}/${made.tenant.id}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    })
  })
})
