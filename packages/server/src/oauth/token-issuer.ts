import { type ApplicationId, type Clock, isGuid, type TenantId } from '@fleetsweep/protocol'
import type { ApplicationStore, StoredApplication } from '../application/index.ts'
import type { Origins } from '../kit/http/index.ts'
import type { SigningKeys } from '../signing-key/index.ts'
import type { StoredTenant, TenantStore } from '../tenant/index.ts'
import { type ClientProof, signAccessToken, TOKEN_LIFE_SECONDS } from './access-token.ts'
import { isAudience } from './audience.ts'
import { checkSecret } from './client-secret.ts'
import { OAuthError } from './oauth-error.ts'
import { readClientId, readClientSecret, readTokenGrant, type TokenVersion } from './token-grant.ts'

export type IssuedToken = {
  accessToken: string
  /** What the token is for, as the client wrote it. */
  resource: string
  issuedAtSeconds: number
  expiresAtSeconds: number
}

/** Issues access tokens to applications. */
export interface TokenIssuer {
  /** @throws OAuthError for whatever does not add up */
  issue(request: {
    version: TokenVersion
    tenantName: string
    form: Readonly<Record<string, string>>
    authorization: string | undefined
    origin: string
  }): Promise<IssuedToken>

  /**
   * Finds the tenant that a path names, by GUID or domain.
   *
   * @throws OAuthError when there is none
   */
  getTenant(name: string): Promise<StoredTenant>

  /**
   * Proves who a program is that redeems something with its own credential.
   *
   * @throws OAuthError when it does not
   */
  authenticateClient(request: {
    tenant: StoredTenant
    form: Readonly<Record<string, string>>
    authorization: string | undefined
  }): Promise<AuthenticatedClient>
}

export type AuthenticatedClient = {
  application: StoredApplication
  /** The secret or certificate that fitted. */
  credential: string
  proof: ClientProof
}

type Dependencies = {
  tenants: TenantStore
  applicationsOf: (tenant: TenantId) => ApplicationStore
  signingKeys: SigningKeys
  origins: Origins
  clock: Clock
  newTokenId: () => string
}

/** The issuer of client-credential tokens, in Entra's dialect. */
export function tokenIssuer({
  tenants,
  applicationsOf,
  signingKeys,
  origins,
  clock,
  newTokenId,
}: Dependencies): TokenIssuer {
  const getTenant = async (name: string): Promise<StoredTenant> => {
    const tenant = await tenants.find(name)
    if (!tenant) {
      throw new OAuthError(
        'unknownTenant',
        `Tenant '${name}' not found. Check that the tenant ID or domain is correct.`,
      )
    }
    return tenant
  }

  const getApplication = async (tenant: StoredTenant, clientId: string, secret: string) => {
    const found = isGuid(clientId)
      ? await applicationsOf(tenant.id).find(clientId as ApplicationId)
      : undefined
    const check = checkSecret(secret, found?.secrets ?? NO_SECRETS, clock.now())
    if (!found) {
      throw new OAuthError(
        'unknownApplication',
        `Application with identifier '${clientId}' was not found in the directory '${tenant.displayName}'.`,
      )
    }
    if (check.fit === 'expired') {
      throw new OAuthError(
        'expiredSecret',
        `The provided client secret keys for app '${clientId}' are expired.`,
      )
    }
    if (check.fit === 'wrong') {
      throw new OAuthError(
        'wrongSecret',
        `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
      )
    }
    return { application: found, credential: check.credential }
  }

  return {
    getTenant,
    async authenticateClient({ tenant, form, authorization }) {
      const clientId = readClientId(form, authorization)
      const secret = readClientSecret(form, authorization)
      return { ...(await getApplication(tenant, clientId, secret)), proof: 'secret' }
    },
    async issue({ version, tenantName, form, authorization, origin }) {
      const tenant = await getTenant(tenantName)
      const { clientId, clientSecret, resource } = readTokenGrant(version, form, authorization)
      const { application, credential } = await getApplication(tenant, clientId, clientSecret)
      if (!isAudience(resource, origins.all)) {
        throw new OAuthError(
          'unknownResource',
          `The resource principal named ${resource} was not found in the tenant named ${tenant.displayName}.`,
        )
      }
      const issuedAtSeconds = Math.floor(clock.now() / 1_000_000)
      const accessToken = await signAccessToken(await signingKeys.tokenKeys(tenant.id), {
        version,
        origin,
        tenant: tenant.id,
        subject: {
          kind: 'application',
          application: application.id,
          credential,
          roles: application.permissions,
        },
        displayName: application.displayName,
        proof: 'secret',
        audience: resource,
        issuedAtSeconds,
        uti: newTokenId(),
      })
      return {
        accessToken,
        resource,
        issuedAtSeconds,
        expiresAtSeconds: issuedAtSeconds + TOKEN_LIFE_SECONDS,
      }
    },
  }
}

/** An unknown application is compared with this, so that it takes as long to refuse as a wrong secret. */
const NO_SECRETS: StoredApplication['secrets'] = [
  { id: '', secretHash: '0'.repeat(64), hint: '', createdAt: 0 as never, expiresAt: null, revokedAt: null },
]
