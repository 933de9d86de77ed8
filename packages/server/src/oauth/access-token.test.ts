import { generateKeyPairSync } from 'node:crypto'
import type { ApplicationId, TenantId } from '@fleetsweep/protocol'
import { MovableClock } from '@fleetsweep/testkit'
import { decodeJwt, type JWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { signAccessToken, verifyAccessToken } from './access-token.ts'

const KID = 'key-1'
const origin = 'https://fleet.example'
const tenant = crypto.randomUUID() as TenantId
const application = { id: crypto.randomUUID() as ApplicationId, displayName: 'Playbooks' }

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const privateKey = pair.privateKey.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['sign'])
const publicKey: JWK = { ...pair.publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256' }

describe('checking an access token that our own key signed', () => {
  const clock = new MovableClock()
  const issue = () =>
    signAccessToken(
      { current: { id: KID, privateKey }, public: [publicKey] },
      {
        version: 'v2',
        origin,
        tenant,
        subject: {
          kind: 'application',
          application: application.id,
          credential: 'secret-1',
          roles: ['Machine.Scan'],
        },
        displayName: application.displayName,
        proof: 'secret',
        audience: 'https://api.securitycenter.microsoft.com',
        issuedAtSeconds: clock.now() / 1_000_000,
        uti: 'unique',
      },
    )
  const verify = (token: string, origins: readonly string[] = [origin]) =>
    verifyAccessToken(token, { tenant, keys: [publicKey], origins, clock })
  /** The same token with other claims or headers, signed by the same key. */
  const signed = async (claims: Record<string, unknown>, header: { kid?: string } = {}) =>
    new SignJWT({ ...decodeJwt(await issue()), ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: KID, ...header })
      .sign(privateKey)

  it('takes it as it was issued, whichever of our origins issued it', async () => {
    const expected = {
      kind: 'application',
      application: application.id,
      credential: 'secret-1',
      roles: ['Machine.Scan'],
    }
    expect(await verify(await issue())).toMatchObject(expected)
    expect(await verify(await issue(), ['https://other.example', origin])).toMatchObject(expected)
    expect(await verify(await signed({ aud: `${origin}/` }))).toMatchObject(expected)
  })

  it.each([
    ['an audience that is not ours', { aud: 'https://graph.microsoft.com' }],
    ['several audiences', { aud: [origin] }],
    ['another issuer', { iss: `https://elsewhere.example/${tenant}/v2.0` }],
    ['the issuer of another tenant', { iss: `${origin}/${crypto.randomUUID()}/v2.0` }],
    ['a beginning that lies ahead', { nbf: clock.now() / 1_000_000 + 120 }],
    ['an end that is over', { exp: clock.now() / 1_000_000 - 120 }],
    ['no end', { exp: undefined }],
    ['no credential that it was got with', { fsw_cred: undefined }],
    ['no word on whom it is for', { idtyp: undefined }],
    ['no roles', { roles: undefined }],
    ['roles that are no list', { roles: 'Machine.Scan' }],
  ])('refuses %s', async (_, claims) => {
    await expect(verify(await signed(claims))).rejects.toThrow()
  })

  it('refuses a key that it does not know, and an origin that is not listed any more', async () => {
    await expect(verify(await signed({}, { kid: 'key-2' }))).rejects.toThrow()
    await expect(verify(await issue(), ['https://other.example'])).rejects.toThrow()
  })

  it('refuses a token that the public key itself was used to sign', async () => {
    const secret = pair.publicKey.export({ format: 'pem', type: 'spki' })
    const forged = await new SignJWT(decodeJwt(await issue()))
      .setProtectedHeader({ alg: 'HS256', kid: KID })
      .sign(new TextEncoder().encode(secret))
    await expect(verify(forged)).rejects.toThrow()
  })
})
