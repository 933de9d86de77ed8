import { type Clock, isMicrosoftAudience, type Permission, type TenantId } from '@fleetsweep/protocol'
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import type { Logger } from 'pino'
import type { ExternalIssuer } from '../config/index.ts'
import type { TenantStore } from '../tenant/index.ts'
import { IssuerKeys } from './issuer-keys.ts'
import { readTokenClaims } from './token-claims.ts'

/** Whom a token of an external issuer stands for. */
export type ExternalToken = {
  kind: 'application' | 'user'
  /** The tenant that it acts in, as the configuration names it. */
  tenantName: string
  /** Names the issuer, too, so that it is nobody of ours and nobody of another issuer. */
  id: string
  name: string
  permissions: readonly Permission[]
  /** Groups of the issuer's directory that a person is in. */
  groups: readonly string[]
  expiresAtSeconds: number
}

/** Where the key that checks is public: with a shared secret, whoever can check could also sign. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]
/** The clock of an issuer need not agree with ours to the second. */
const CLOCK_TOLERANCE_SECONDS = 60
/** Types of a token's header that are none of an access token's, such as `logout+jwt`, are refused. */
const ACCESS_TOKEN_TYPES = [undefined, 'jwt', 'at+jwt', 'application/at+jwt']

type Parts = { tenants: Pick<TenantStore, 'find'>; clock: Clock; logger: Logger }

/** Checks tokens that configured issuers of somebody else's have signed. */
export class ExternalTokens {
  readonly #parts: Parts
  readonly #issuers: readonly { config: ExternalIssuer; keys: IssuerKeys }[]

  constructor(issuers: readonly ExternalIssuer[], parts: Parts) {
    this.#parts = parts
    const known = new Map<string, IssuerKeys>()
    this.#issuers = issuers.map((config) => {
      // One issuer may serve several tenants; it is asked for its keys once.
      const place = JSON.stringify([config.issuer, config.jwksUri, config.caPem])
      const keys = known.get(place) ?? new IssuerKeys(config, parts)
      known.set(place, keys)
      return { config, keys }
    })
  }

  /** True for the `iss` of a configured issuer. */
  knows(iss: unknown): boolean {
    return this.#issuers.some(({ config }) => config.issuer === iss)
  }

  /** @throws Error in words for the log, whatever is wrong with it */
  async verify(text: string): Promise<ExternalToken> {
    // Not trusted yet: it only says whose keys must have signed.
    const { config, keys } = this.#choose(decodeJwt(text))
    const { payload, protectedHeader } = await jwtVerify(text, keys.find, {
      algorithms: ALGORITHMS,
      issuer: config.issuer,
      audience: [...config.audiences],
      // Keycloak says no `nbf`; where there is one, it counts.
      requiredClaims: ['exp', 'iat'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(this.#parts.clock.now() / 1_000),
    })
    if (!ACCESS_TOKEN_TYPES.includes(protectedHeader.typ?.toLowerCase())) {
      throw new Error(`a token of type ${protectedHeader.typ} is no access token`)
    }
    this.#refuseFuture(payload)
    const { subject, ...claims } = readTokenClaims(payload, config)
    return {
      ...claims,
      tenantName: config.tenant,
      id: `${config.issuer}|${subject}`,
      expiresAtSeconds: (payload.exp ?? 0) + CLOCK_TOLERANCE_SECONDS,
    }
  }

  /** The tenant that a token acts in; `undefined`, and a word in the log, when there is none of that name. */
  async tenantOf({ tenantName }: ExternalToken): Promise<TenantId | undefined> {
    const tenant = await this.#parts.tenants.find(tenantName)
    if (!tenant) {
      this.#parts.logger.warn({ tenant: tenantName }, 'the tenant of an external issuer does not exist')
    }
    return tenant?.id
  }

  /** Exactly one issuer and tenant, by `iss` and `aud`. */
  #choose({ iss, aud }: JWTPayload) {
    const audiences = [aud ?? []].flat()
    const foreign = audiences.find((audience) => isMicrosoftAudience(String(audience)))
    if (foreign !== undefined) throw new Error('the token is for Microsoft, too, and its issuer is not ours')
    const [found, ...others] = this.#issuers.filter(
      ({ config }) =>
        config.issuer === iss && config.audiences.some((audience) => audiences.includes(audience)),
    )
    if (!found) throw new Error('the audience is not one that is configured for the issuer')
    if (others.length > 0) throw new Error('the audiences of the token belong to more than one tenant')
    return found
  }

  #refuseFuture({ iat = 0 }: JWTPayload): void {
    if (iat > this.#parts.clock.now() / 1_000_000 + CLOCK_TOLERANCE_SECONDS) {
      throw new Error('the token was issued in the future')
    }
  }
}
