import type { TenantId } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { operation } from '../../principal/index.ts'
import type { SigningKeys } from '../../signing-key/index.ts'
import { issuerOf } from '../access-token.ts'
import { ASSERTION_ALGORITHMS } from '../client-assertion.ts'
import { entraErrors } from '../oauth-error.ts'
import type { TokenVersion } from '../token-grant.ts'
import type { TokenIssuer } from '../token-issuer.ts'

const ANONYMOUS = { anonymous: 'public facts that sign-in libraries read before they have a token' } as const

const Configuration = Type.Object({
  token_endpoint: Type.String(),
  token_endpoint_auth_methods_supported: Type.Array(Type.String()),
  token_endpoint_auth_signing_alg_values_supported: Type.Array(Type.String()),
  jwks_uri: Type.String(),
  response_modes_supported: Type.Array(Type.String()),
  subject_types_supported: Type.Array(Type.String()),
  id_token_signing_alg_values_supported: Type.Array(Type.String()),
  response_types_supported: Type.Array(Type.String()),
  scopes_supported: Type.Array(Type.String()),
  issuer: Type.String(),
  authorization_endpoint: Type.String(),
  // Of the second version alone: people do not sign in by the first.
  device_authorization_endpoint: Type.Optional(Type.String()),
  end_session_endpoint: Type.Optional(Type.String()),
  grant_types_supported: Type.Optional(Type.Array(Type.String())),
  code_challenge_methods_supported: Type.Optional(Type.Array(Type.String())),
  claims_supported: Type.Optional(Type.Array(Type.String())),
  authorization_response_iss_parameter_supported: Type.Optional(Type.Boolean()),
})

type Services = { tokenIssuer: TokenIssuer; signingKeys: SigningKeys }

/** What sign-in libraries ask first, for both generations of the token endpoint. */
export const configurationOperations = {
  getConfiguration: operation({
    route: 'GET /:tenant/v2.0/.well-known/openid-configuration',
    summary: 'Get the discovery document',
    access: ANONYMOUS,
    callClass: 'discovery',
    answers: { 200: Configuration },
    errors: entraErrors,
    handle: async ({ params, origin }, { tokenIssuer }: Services) =>
      configuration('v2', origin, (await tokenIssuer.getTenant(params.tenant)).id),
  }),
  getConfigurationV1: operation({
    route: 'GET /:tenant/.well-known/openid-configuration',
    summary: 'Get the discovery document of the first token version',
    access: ANONYMOUS,
    callClass: 'discovery',
    answers: { 200: Configuration },
    errors: entraErrors,
    handle: async ({ params, origin }, { tokenIssuer }: Services) =>
      configuration('v1', origin, (await tokenIssuer.getTenant(params.tenant)).id),
  }),
}

function configuration(version: TokenVersion, origin: string, tenant: TenantId) {
  const endpoints = `${origin}/${tenant}/oauth2${version === 'v2' ? '/v2.0' : ''}`
  return {
    token_endpoint: `${endpoints}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: issuerOf(version, origin, tenant),
    authorization_endpoint: `${endpoints}/authorize`,
    ...(version === 'v2' ? forPeople(endpoints) : {}),
  }
}

function forPeople(endpoints: string) {
  return {
    device_authorization_endpoint: `${endpoints}/devicecode`,
    end_session_endpoint: `${endpoints}/logout`,
    grant_types_supported: [
      'client_credentials',
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    code_challenge_methods_supported: ['S256'],
    claims_supported: [...CLAIMS],
    authorization_response_iss_parameter_supported: true,
  }
}

/** What an ID token says. */
const CLAIMS = 'aud exp iat iss name nonce oid preferred_username sid sub tid ver'.split(' ')

const Jwks = Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) })

/** The public keys of a tenant. */
export const jwksOperations = {
  getKeys: getKeys('/discovery/v2.0/keys'),
  getKeysV1: getKeys('/discovery/keys'),
}

function getKeys(path: '/discovery/v2.0/keys' | '/discovery/keys') {
  return operation({
    route: `GET /:tenant${path}`,
    summary: 'Get the keys that tokens are signed with',
    access: ANONYMOUS,
    callClass: 'discovery',
    answers: { 200: Jwks },
    errors: entraErrors,
    handle: async ({ params }, { tokenIssuer, signingKeys }: Services) => {
      const { id } = await tokenIssuer.getTenant(params.tenant)
      return { keys: (await signingKeys.tokenKeys(id)).public.map((key) => ({ ...key })) }
    },
  })
}

const Instance = Type.Object({
  tenant_discovery_endpoint: Type.String(),
  'api-version': Type.String(),
  metadata: Type.Array(
    Type.Object({
      preferred_network: Type.String(),
      preferred_cache: Type.String(),
      aliases: Type.Array(Type.String()),
    }),
  ),
})

/** Asked by libraries that take any login host for one of Microsoft's clouds. */
export const instanceDiscovery = operation({
  route: 'GET /common/discovery/instance',
  summary: 'Discover where a tenant signs in',
  access: ANONYMOUS,
  callClass: 'discovery',
  answers: { 200: Instance },
  errors: entraErrors,
  handle: ({ search, origin }) => {
    const { host } = new URL(origin)
    const tenant = tenantOf(search.get('authorization_endpoint') ?? '')
    return {
      tenant_discovery_endpoint: `${origin}/${tenant}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    }
  },
})

/** The first segment of the path; whatever else stands in the address came from outside and is not repeated. */
function tenantOf(authorizationEndpoint: string): string {
  return /^https?:\/\/[^/?#]+\/(\w[\w.-]*)(?=[/?#]|$)/i.exec(authorizationEndpoint)?.[1] ?? 'common'
}
