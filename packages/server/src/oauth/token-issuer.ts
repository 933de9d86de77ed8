import type { Clock } from '@fleetsweep/protocol'
import type { Origins } from '../kit/http/index.ts'
import type { SigningKeys } from '../signing-key/index.ts'
import type { StoredTenant, TenantStore } from '../tenant/index.ts'
import { signAccessToken, TOKEN_LIFE_SECONDS } from './access-token.ts'
import { isAudience } from './audience.ts'
import type { AuthenticateClient } from './authenticate-client.ts'
import { OAuthError } from './oauth-error.ts'
import { readTokenGrant, type TokenVersion } from './token-grant.ts'

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
    /** Where the call came from. */
    address: string
    origin: string
  }): Promise<IssuedToken>

  /**
   * Finds the tenant that a path names, by GUID or domain.
   *
   * @throws OAuthError when there is none
   */
  getTenant(name: string): Promise<StoredTenant>
}

type Dependencies = {
  tenants: TenantStore
  authenticateClient: AuthenticateClient
  signingKeys: SigningKeys
  origins: Origins
  clock: Clock
  newTokenId: () => string
}

/** The issuer of client-credential tokens, in Entra's dialect. */
export function tokenIssuer({
  tenants,
  authenticateClient,
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

  return {
    getTenant,
    async issue({ version, tenantName, form, authorization, address, origin }) {
      const tenant = await getTenant(tenantName)
      const resource = readTokenGrant(version, form)
      const client = await authenticateClient({ tenant, form, authorization, address })
      const { application, credential, proof } = client
      if (!isAudience(resource, origins.own)) {
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
        proof,
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
