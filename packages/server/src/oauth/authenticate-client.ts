import { type ApplicationId, type Clock, type Instant, isGuid, type TenantId } from '@fleetsweep/protocol'
import type {
  ApplicationStore,
  CredentialKind,
  CredentialUses,
  StoredApplication,
} from '../application/index.ts'
import type { Origins } from '../kit/http/index.ts'
import type { StoredTenant } from '../tenant/index.ts'
import { verifyClientAssertion } from './client-assertion.ts'
import { readClientCredentials } from './client-credentials.ts'
import { checkSecret } from './client-secret.ts'
import { OAuthError } from './oauth-error.ts'

/** A program that has proved who it is. */
export type AuthenticatedClient = {
  application: StoredApplication
  /** Id of the secret or certificate that it proved itself with. */
  credential: string
  proof: CredentialKind
}

/**
 * Finds out which program asks, at any token endpoint of a tenant, by its secret (in the form or in the Authorization
 * header) or by an assertion that its certificate's key signed.
 *
 * @throws OAuthError with Entra's number for what is missing or wrong
 */
export type AuthenticateClient = (request: {
  tenant: StoredTenant
  form: Readonly<Record<string, string>>
  authorization: string | undefined
  /** Where the call came from. */
  address: string
}) => Promise<AuthenticatedClient>

export function clientAuthenticator(parts: {
  applicationsOf: (tenant: TenantId) => ApplicationStore
  uses: Pick<CredentialUses, 'note'>
  origins: Origins
  clock: Clock
}): AuthenticateClient {
  const { applicationsOf, uses, origins, clock } = parts

  const byAssertion = async (
    assertion: string,
    application: StoredApplication,
    tenant: StoredTenant,
    address: string,
  ): Promise<string> => {
    const { credential, ...use } = await verifyClientAssertion(assertion, {
      clientId: application.id,
      certificates: application.certificates,
      audiences: assertionAudiences(origins.all, tenant),
      now: clock.now(),
    })
    const store = applicationsOf(tenant.id)
    if (await store.takeAssertion({ application: application.id, address, ...use })) return credential
    throw new OAuthError(
      'badAssertion',
      "Invalid JWT token. The client assertion was used before, from another address or with other content under the same 'jti'.",
    )
  }

  return async ({ tenant, form, authorization, address }) => {
    const given = readClientCredentials(form, authorization)
    const { clientId } = given
    const application = isGuid(clientId)
      ? await applicationsOf(tenant.id).find(clientId as ApplicationId)
      : undefined
    if (!application) {
      throw new OAuthError(
        'unknownApplication',
        `Application with identifier '${clientId}' was not found in the directory '${tenant.displayName}'.`,
      )
    }
    const credential =
      given.kind === 'secret'
        ? bySecret(given.secret, application, clock.now())
        : await byAssertion(given.assertion, application, tenant, address)
    uses.note(tenant.id, application.id, given.kind, credential)
    return { application, credential, proof: given.kind }
  }
}

function bySecret(secret: string, { id, secrets }: StoredApplication, now: Instant): string {
  const check = checkSecret(secret, secrets, now)
  switch (check.fit) {
    case 'right':
      return check.credential
    case 'expired':
      throw new OAuthError('expiredSecret', `The provided client secret keys for app '${id}' are expired.`)
    case 'wrong':
      throw new OAuthError(
        'wrongSecret',
        `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${id}'.`,
      )
  }
}

/** Every name that a client may know the token endpoint or the issuer of a tenant by. */
function assertionAudiences(origins: readonly string[], { id, domain }: StoredTenant): string[] {
  return origins.flatMap((origin) =>
    [id, domain].flatMap((tenant) =>
      ['', '/v2.0', '/oauth2/token', '/oauth2/v2.0/token'].map((path) => `${origin}/${tenant}${path}`),
    ),
  )
}
