import type { ApplicationId, Clock, TenantId, UserId } from '@fleetsweep/protocol'
import type { Context, Next } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { signAccessToken, signIdToken, type UserTokenAnswer } from '../../oauth/index.ts'
import type { SigningKeys } from '../../signing-key/index.ts'
import type { UserStore } from '../../user/index.ts'
import { type ListedOrigins, ownAudience } from '../listed-origins.ts'
import { audienceOf, DEFAULT_SCOPE, PROVIDER_SCOPES, writeScopes } from '../scope-request.ts'
import { signInOf } from './artifact-adapter.ts'
import { scopesOf } from './create-provider.ts'
import { callOf } from './forwarded-call.ts'

type Parts = {
  tenant: TenantId
  origin: string
  origins: ListedOrigins
  users: Pick<UserStore, 'find'>
  signingKeys: Pick<SigningKeys, 'tokenKeys'>
  clock: Clock
  newId: () => string
}

/** Replaces the provider's tokens with those that the rest of the server knows, signed by the tenant's key of now. */
export function tokenSteps(parts: Parts) {
  return async (ctx: Context, next: Next): Promise<void> => {
    await next()
    const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'token' || ctx.status !== 200) return
    ctx.body = await tokensOf(ctx as unknown as KoaContextWithOIDC, parts)
  }
}

async function tokensOf(ctx: KoaContextWithOIDC, parts: Parts): Promise<UserTokenAnswer> {
  const { tenant, origin, clock } = parts
  const { AccessToken: access, Client: client, Grant: grant, ...entities } = ctx.oidc.entities
  const source = entities.AuthorizationCode ?? entities.DeviceCode ?? entities.RefreshToken
  const user = access && (await parts.users.find(access.accountId as UserId))
  if (!user || !client || !grant?.jti || !source) throw new Error('The provider gave tokens to nobody.')

  const resource = typeof source.resource === 'string' ? source.resource : ''
  const audience = audienceOf(resource)
  const asked = access.scope?.split(' ') ?? []
  const granted = asked.includes(DEFAULT_SCOPE) ? [...scopesOf(client), DEFAULT_SCOPE] : asked
  const own = [...source.scopes].filter((scope) => PROVIDER_SCOPES.includes(scope))
  const keys = await parts.signingKeys.tokenKeys(tenant)
  const session = signInOf(grant.jti)
  const issuedAtSeconds = Math.floor(clock.now() / 1_000_000)
  const application = client.clientId as ApplicationId
  const person = { displayName: user.displayName, userPrincipalName: user.userPrincipalName }
  const accessToken = await signAccessToken(keys, {
    version: 'v2',
    origin,
    tenant,
    subject: {
      kind: 'user',
      user: user.id,
      application,
      scopes: granted.filter((scope) => scope !== DEFAULT_SCOPE),
      session,
    },
    ...person,
    proof: callOf(ctx.req).proof,
    audience: audience === '' ? ownAudience(origin, parts.origins) : audience,
    issuedAtSeconds,
    uti: parts.newId(),
  })
  const { nonce } = source
  const idToken = own.includes('openid')
    ? await signIdToken(keys, {
        origin,
        tenant,
        application,
        user: user.id,
        ...person,
        session,
        nonce: typeof nonce === 'string' ? nonce : undefined,
        issuedAtSeconds,
        uti: parts.newId(),
      })
    : undefined
  const { refresh_token: refreshToken } = ctx.body as { refresh_token?: string }
  const clientInfo = JSON.stringify({ uid: user.id, utid: tenant })
  return {
    accessToken,
    scope: writeScopes(audience, [...granted, ...own]),
    refreshToken,
    idToken,
    clientInfo:
      callOf(ctx.req).fields.get('client_info') === '1'
        ? Buffer.from(clientInfo).toString('base64url')
        : undefined,
  }
}
