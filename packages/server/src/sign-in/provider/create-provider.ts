import { generateKeyPairSync } from 'node:crypto'
import type { Clock, TenantId, UserId } from '@fleetsweep/protocol'
import type { ClientMetadata, Configuration } from 'oidc-provider'
import { isAudience, issuerOf } from '../../oauth/index.ts'
import { deriveKey, type SealingKey } from '../../signing-key/index.ts'
import type { UserStore } from '../../user/index.ts'
import type { ArtifactStore } from '../artifact-store.ts'
import { DEVICE_GRANT } from '../device-grant.ts'
import { type ListedOrigins, ownAudience } from '../listed-origins.ts'
import { audienceOf, DEFAULT_SCOPE, OFFLINE, PROVIDER_SCOPES } from '../scope-request.ts'
import type { SignInClient, SignInClients } from '../sign-in-client.ts'
import type { SignIns } from '../sign-ins.ts'
import { adapterOf } from './artifact-adapter.ts'
import { existingGrant, promptPolicy } from './consent.ts'
import { errors, Provider } from './oidc-provider.ts'
import { confirmDevice, enterDeviceCode, showDeviceDone, showError } from './provider-pages.ts'

const MINUTE = 60
const DAY = 86_400
/** How long things last, in seconds. */
const LIFE = {
  AccessToken: 3_600,
  AuthorizationCode: MINUTE,
  DeviceCode: 15 * MINUTE,
  Interaction: 30 * MINUTE,
  // Since the refresh token was last used.
  RefreshToken: 14 * DAY,
  // However much it is used.
  Grant: 90 * DAY,
  Session: DAY,
  IdToken: 3_600,
} as const

export type ProviderParts = {
  tenant: TenantId
  origin: string
  origins: ListedOrigins
  artifacts: ArtifactStore
  users: Pick<UserStore, 'find'>
  signIns: SignIns
  clients: SignInClients
  sealingKey: SealingKey
  clock: Clock
}

/**
 * The certified provider of one tenant at one origin, with our store, our pages and our programs. It stands behind our
 * own routes: what it is asked has been limited, and comes by a listed origin.
 *
 * @see docs/adr/0006-sign-in-behind-our-own-routes.md
 */
export function createProvider(parts: ProviderParts): Provider {
  const { tenant, origin } = parts
  const provider = new Provider(issuerOf('v2', origin, tenant), configuration(parts))
  // The scheme and host that it sees are those we tell it.
  provider.proxy = true
  return provider
}

function configuration(parts: ProviderParts): Configuration {
  const { tenant, origin, origins, users, clients, sealingKey } = parts
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true } as const
  const dependencies = { ...parts, key: deriveKey(sealingKey, 'sign-in artifacts') }
  const clientAdapter = clientFinder(tenant, clients, origins)
  return {
    adapter: (model) =>
      model === 'Client'
        ? { ...adapterOf(model, dependencies), find: clientAdapter }
        : adapterOf(model, dependencies),
    cookies: {
      keys: [deriveKey(sealingKey, 'sign-in cookies').toString('base64url')],
      names: {
        session: 'fleetsweep_session',
        interaction: 'fleetsweep_interaction',
        resume: 'fleetsweep_resume',
      },
      // Tenants of one server do not see each other's.
      long: { ...cookie, path: `/${tenant}` },
      short: cookie,
    },
    clockTolerance: 0,
    // Tokens are signed by the tenant's own keys, in Entra's dialect; the provider's are thrown away unseen.
    jwks: { keys: [throwAwayKey()] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    claims: { openid: ['sub'] },
    scopes: PROVIDER_SCOPES,
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    rotateRefreshToken: true,
    expiresWithSession: () => false,
    issueRefreshToken: (_, client, { scopes }) =>
      client.grantTypeAllowed('refresh_token') && scopes.has(OFFLINE),
    ttl: LIFE,
    findAccount: async (_, id) => {
      const user = await users.find(id as UserId)
      return user && user.disabledAt === null ? { accountId: id, claims: () => ({ sub: id }) } : undefined
    },
    loadExistingGrant: existingGrant,
    interactions: { policy: promptPolicy(), url: (_, { uid }) => `/${tenant}/sign-in/${uid}` },
    renderError: showError,
    routes: {
      authorization: '/oauth2/v2.0/authorize',
      token: '/oauth2/v2.0/token',
      device_authorization: '/oauth2/v2.0/devicecode',
      code_verification: '/device',
      // Not ours, and not reachable: no route of ours leads there.
      end_session: '/provider/end',
      jwks: '/provider/jwks',
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => {
          const { params } = ctx.oidc
          if (Array.isArray(params?.resource) && params.resource.length > 1) {
            throw new errors.InvalidScope('The scopes belong to more than one resource.', '')
          }
          const audience = audienceOf(resource)
          if (audience !== '' && !isAudience(audience, origins.own)) {
            throw new errors.InvalidTarget(`The resource ${audience} was not found in the tenant.`)
          }
          return {
            audience: audience === '' ? ownAudience(origin, origins) : audience,
            scope: [DEFAULT_SCOPE, ...scopesOf(ctx.oidc.client)].join(' '),
            accessTokenFormat: 'opaque',
          }
        },
      },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        userCodeInputSource: enterDeviceCode,
        userCodeConfirmSource: confirmDevice,
        successSource: showDeviceDone,
      },
    },
    extraClientMetadata: { properties: [SCOPES] },
  }
}

/** What a program may ask for, kept with what the provider knows of it. */
const SCOPES = 'fleetsweep_scopes'

/** The delegated scopes of a program. */
export function scopesOf(client: object | undefined): string[] {
  const scopes: unknown = client && Reflect.get(client, SCOPES)
  return Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : []
}

function clientFinder(tenant: TenantId, clients: SignInClients, origins: ListedOrigins) {
  return async (id: string): Promise<ClientMetadata | undefined> => {
    const client = await clients.find(tenant, id, origins.own)
    return client && metadataOf(client)
  }
}

function metadataOf(client: SignInClient): ClientMetadata {
  const { redirectUris } = client
  const hasRedirects = redirectUris.length > 0
  return {
    client_id: client.id,
    client_name: client.displayName,
    application_type: client.isNative ? 'native' : 'web',
    redirect_uris: redirectUris,
    response_types: hasRedirects ? ['code'] : [],
    response_modes: ['query', 'fragment'],
    grant_types: [...(hasRedirects ? ['authorization_code'] : []), 'refresh_token', DEVICE_GRANT],
    // Who keeps a secret has shown it to us by then.
    token_endpoint_auth_method: 'none',
    [SCOPES]: client.scopes,
  }
}

function throwAwayKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }
}
