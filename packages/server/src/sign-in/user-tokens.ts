import type {
  AuthenticateClient,
  ClientProof,
  TokenIssuer,
  UserTokenAnswer,
  UserTokenRequest,
  UserTokens,
} from '../oauth/index.ts'
import { OAuthError } from '../oauth/index.ts'
import type { StoredTenant } from '../tenant/index.ts'
import { DEVICE_GRANT } from './device-grant.ts'
import type { ForwardedCall, ProviderRefusal } from './provider/forwarded-call.ts'
import type { Providers } from './provider/providers.ts'
import { DEFAULT_SCOPE, PROVIDER_SCOPES, readScopes } from './scope-request.ts'
import type { SignInClient, SignInClients } from './sign-in-client.ts'

/** What a device is told, so that its person can go on elsewhere. */
export type DeviceCodeAnswer = {
  userCode: string
  deviceCode: string
  verificationUri: string
  verificationUriComplete: string
  expiresIn: number
}

/** Starts the sign-in of a program on a device that has no browser. */
export interface DeviceSignIn {
  /** @throws OAuthError for whatever does not add up */
  start(request: {
    tenantName: string
    form: Readonly<Record<string, string>>
    origin: string
    address: string
  }): Promise<DeviceCodeAnswer>
}

const GRANTS: Readonly<Record<string, string>> = {
  authorization_code: 'authorization_code',
  refresh_token: 'refresh_token',
  device_code: DEVICE_GRANT,
  [DEVICE_GRANT]: DEVICE_GRANT,
}

type Dependencies = {
  getTenant: TokenIssuer['getTenant']
  authenticateClient: AuthenticateClient
  clients: SignInClients
  providers: Providers
  origins: { readonly own: readonly string[] }
}

/** The grants that stand for people, redeemed by the provider and answered in Entra's dialect. */
export function userTokens(parts: Dependencies): UserTokens & DeviceSignIn {
  const { getTenant, authenticateClient, clients, providers, origins } = parts

  const getClient = async (tenant: StoredTenant, clientId: string | undefined): Promise<SignInClient> => {
    const client = clientId ? await clients.find(tenant.id, clientId.trim(), origins.own) : undefined
    if (client) return client
    throw new OAuthError(
      'unknownApplication',
      `Application with identifier '${clientId ?? ''}' was not found in the directory '${tenant.displayName}', or people may not sign in with it.`,
    )
  }

  /** Which program asks, and how it proved that. */
  const identify = async ({ tenantName, form, authorization, address }: UserTokenRequest) => {
    const tenant = await getTenant(tenantName)
    const credential = { tenant, form, authorization, address }
    // A program with a credential may name itself in that alone.
    const clientId = form.client_id || (await authenticateClient(credential)).application.id
    const client = await getClient(tenant, clientId)
    return { tenant, client, proof: await proofOf(client, credential, authenticateClient) }
  }

  const ask = async (
    at: { tenant: StoredTenant; origin: string },
    path: string,
    call: ForwardedCall,
  ): Promise<unknown> => {
    const answer = await providers.ask(
      { tenant: at.tenant.id, origin: at.origin },
      { method: 'POST', path, accept: 'application/json' },
      call,
    )
    if (answer.status === 200) return JSON.parse(answer.body)
    if (call.refusal) throw refusalOf(call.refusal)
    throw new Error(`The provider answered ${answer.status} at ${path}.`)
  }

  return {
    takes: (grantType) => grantType !== undefined && Object.hasOwn(GRANTS, grantType),

    async redeem(request) {
      const { tenant, client, proof } = await identify(request)
      const { form, origin, address } = request
      const fields = redemption(client, form)
      const answer = await ask({ tenant, origin }, '/oauth2/v2.0/token', { fields, address, proof })
      // Made by our own step of the provider.
      return answer as UserTokenAnswer
    },

    async revoke(request) {
      const { tenant, client, proof } = await identify(request)
      const { form, origin, address } = request
      const fields = new URLSearchParams({ client_id: client.id, token: form.token ?? '' })
      await ask({ tenant, origin }, '/oauth2/v2.0/revoke', { fields, address, proof })
    },

    async start({ tenantName, form, origin, address }) {
      const tenant = await getTenant(tenantName)
      const client = await getClient(tenant, form.client_id)
      const { scope, resources } = readScopes(form.scope ?? '')
      const fields = new URLSearchParams({ client_id: client.id, scope })
      for (const resource of resources) fields.append('resource', resource)
      const answer = await ask({ tenant, origin }, '/oauth2/v2.0/devicecode', {
        fields,
        address,
        proof: 'none',
      })
      const { device_code, user_code, verification_uri, verification_uri_complete, expires_in } =
        answer as ProviderDeviceAnswer
      return {
        deviceCode: device_code,
        userCode: user_code,
        verificationUri: verification_uri,
        verificationUriComplete: verification_uri_complete,
        expiresIn: expires_in,
      }
    },
  }
}

/** As RFC 8628 has it, from the provider in this very process. */
type ProviderDeviceAnswer = {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  expires_in: number
}

async function proofOf(
  client: SignInClient,
  request: Parameters<AuthenticateClient>[0],
  authenticateClient: AuthenticateClient,
): Promise<ClientProof> {
  if (!client.isPublic) return (await authenticateClient(request)).proof
  if (!request.form.client_secret && !request.form.client_assertion) return 'none'
  throw new OAuthError(
    'unexpectedSecret',
    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  )
}

/** What the provider needs to know of a redemption; a credential has done its work by then. */
function redemption(client: SignInClient, form: Readonly<Record<string, string>>): URLSearchParams {
  const fields = new URLSearchParams({
    client_id: client.id,
    grant_type: GRANTS[form.grant_type ?? ''] ?? '',
  })
  for (const name of ['code', 'code_verifier', 'redirect_uri', 'refresh_token', 'client_info']) {
    if (form[name] !== undefined) fields.set(name, form[name])
  }
  // Programs of the first version of the endpoint call it `code`.
  const deviceCode = form.device_code ?? form.code
  if (fields.get('grant_type') === DEVICE_GRANT && deviceCode !== undefined)
    fields.set('device_code', deviceCode)
  const asked = form.grant_type === 'refresh_token' && form.scope ? readScopes(form.scope) : undefined
  const scopes = asked?.scope.split(' ').filter((scope) => !PROVIDER_SCOPES.includes(scope)) ?? []
  // Without scopes it gets what it had; so does whoever asks for everything.
  if (!asked || scopes.length === 0 || scopes.includes(DEFAULT_SCOPE)) return fields
  fields.set('scope', scopes.join(' '))
  for (const resource of asked.resources) fields.append('resource', resource)
  return fields
}

/** Says a refusal of the provider as Entra does. */
function refusalOf({ error, description, detail }: ProviderRefusal): OAuthError {
  switch (error) {
    case 'authorization_pending':
      return new OAuthError(
        'authorizationPending',
        'OAuth 2.0 device flow error. Authorization is pending. Continue polling.',
      )
    case 'access_denied':
      return new OAuthError('authorizationDeclined', 'The end user declined the authorization request.')
    case 'expired_token':
      return new OAuthError('expiredDeviceCode', 'The device code has expired. Start the sign-in anew.')
    case 'invalid_grant':
      return invalidGrant(detail)
    case 'invalid_scope':
      return new OAuthError(
        'badScope',
        `The provided value for the input parameter 'scope' is not valid. ${description}`,
      )
    case 'invalid_target':
      return new OAuthError('unknownResource', description)
    case 'unauthorized_client':
    case 'invalid_client':
      return new OAuthError('unknownApplication', 'People may not sign in with this application in this way.')
    default:
      return new OAuthError('badRequest', `The request is not valid: ${description}.`)
  }
}

function invalidGrant(detail: string): OAuthError {
  if (/expired/.test(detail)) {
    return new OAuthError(
      'expiredGrant',
      'The provided authorization code or refresh token has expired. Sign in again.',
    )
  }
  if (/already|very moment/.test(detail)) {
    return new OAuthError(
      'usedGrant',
      'The provided authorization code or refresh token was already redeemed. Sign in again.',
    )
  }
  if (/verifier|PKCE/.test(detail)) {
    return new OAuthError(
      'wrongVerifier',
      'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
    )
  }
  return new OAuthError(
    'invalidGrant',
    'The provided grant is not valid here, or its sign-in has ended. Sign in again.',
  )
}
