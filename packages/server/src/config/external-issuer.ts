import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { isMicrosoftAudience, PERMISSIONS, type Permission } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'
import { ConfigError } from './config-error.ts'

const Text = Type.String({ minLength: 1 })
const strict = { additionalProperties: false } as const

/** An issuer as the file describes it; docs/external-issuers.md says what each member means. */
export const ExternalIssuerEntry = Type.Object(
  {
    issuer: Text,
    audiences: Type.Array(Text, { minItems: 1 }),
    tenant: Text,
    jwksUri: Type.Optional(Text),
    caFile: Type.Optional(Text),
    claims: Type.Optional(
      Type.Object(
        {
          subject: Type.Optional(Text),
          name: Type.Optional(Text),
          roles: Type.Optional(Text),
          scopes: Type.Optional(Text),
          groups: Type.Optional(Text),
        },
        strict,
      ),
    ),
    applications: Type.Optional(Type.Object({ claim: Text, value: Type.Optional(Text) }, strict)),
    permissions: Type.Optional(Type.Record(Type.String(), Type.Array(Type.Enum([...PERMISSIONS])))),
  },
  strict,
)
type ExternalIssuerEntry = Static<typeof ExternalIssuerEntry>

/** An issuer of somebody else's whose tokens are good here. */
export type ExternalIssuer = {
  /** Exactly as its tokens say it in `iss`. */
  issuer: string
  /** Each is good for this tenant and no other. */
  audiences: readonly string[]
  /** Id or domain. */
  tenant: string
  /** Where its keys are; null where its discovery document says so. */
  jwksUri: string | null
  /** The certificate authority that vouches for it, PEM; null for those that the system trusts. */
  caPem: string | null
  /** Where its tokens say what, by name or by dotted path; absent members are found where issuers usually put them. */
  claims: NonNullable<ExternalIssuerEntry['claims']>
  /** What marks a token as an application's; null where Entra's own marks do. */
  applications: { claim: string; value?: string } | null
  /** Our permissions by its names of roles and scopes; null where it uses our names. */
  permissions: ReadonlyMap<string, readonly Permission[]> | null
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * Checks what a schema cannot.
 *
 * @param where begins a message: `externalIssuers in /etc/fleetsweep.toml`
 * @throws ConfigError for the first issuer that does not fit
 */
export function readExternalIssuers(
  entries: readonly ExternalIssuerEntry[],
  dataDir: string,
  where: string,
): ExternalIssuer[] {
  const taken = new Set<string>()
  return entries.map((entry) => {
    const { issuer, audiences, tenant, jwksUri, caFile, claims, applications, permissions } = entry
    refuseUrl(issuer, `${where} names the issuer ${issuer}, which`)
    if (jwksUri !== undefined) refuseUrl(jwksUri, `${where} names the jwksUri ${jwksUri}, which`)
    for (const audience of audiences) {
      if (isMicrosoftAudience(audience)) {
        throw new ConfigError(
          `${where} takes tokens of ${issuer} for ${audience}, an audience of Microsoft's. A token that is good at Microsoft must never be good here: register an audience of your own at the issuer.`,
        )
      }
      const pair = JSON.stringify([issuer, audience])
      if (taken.has(pair)) {
        throw new ConfigError(
          `${where} takes tokens of ${issuer} for ${audience} twice, and a token must belong to one tenant. Use an audience for each tenant.`,
        )
      }
      taken.add(pair)
    }
    return {
      issuer,
      audiences,
      tenant,
      jwksUri: jwksUri ?? null,
      caPem: caFile === undefined ? null : readCa(resolve(dataDir, caFile), where),
      claims: claims ?? {},
      applications: applications ?? null,
      permissions: permissions === undefined ? null : new Map(Object.entries(permissions)),
    }
  })
}

function refuseUrl(text: string, what: string): void {
  const url = URL.parse(text)
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url?.hostname ?? ''))
  if (url === null || !isSafe) {
    throw new ConfigError(`${what} must be an https address: whoever can change its keys can be anybody.`)
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new ConfigError(`${what} must have no query, fragment or user.`)
  }
}

function readCa(file: string, where: string): string {
  try {
    const pem = readFileSync(file, 'utf8')
    createSecureContext({ ca: pem })
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  } catch (cause) {
    throw new ConfigError(`${where} names the caFile ${file}, which cannot be read as certificates.`, {
      cause,
    })
  }
  throw new ConfigError(`${where} names the caFile ${file}, which holds no certificate in PEM.`)
}
