/** Scopes that say something of the sign-in itself. */
const OWN_SCOPES = ['openid', 'profile', 'email', 'offline_access'] as const
/** Stands for everything that the program may ever ask for. */
export const DEFAULT_SCOPE = '.default'
/**
 * What `offline_access` is called towards the provider, which grants it under its own name only to who asks for consent
 * each time.
 */
export const OFFLINE = 'offline'
/** Scopes that the provider takes for its own. */
export const PROVIDER_SCOPES: readonly string[] = ['openid', 'profile', 'email', OFFLINE]

const RESOURCE = 'urn:fleetsweep:audience:'

/** What a program asks for, as `oidc-provider` takes it: bare scopes, and the resources that they belong to. */
export type ProviderScopes = { scope: string; resources: readonly string[] }

/**
 * Takes Entra's way of naming scopes apart: `https://<audience>/Machine.Scan`, `<audience>/.default`, and bare names,
 * which are this server's own.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/scopes-oidc
 */
export function readScopes(text: string): ProviderScopes {
  const scopes = new Set<string>()
  const audiences = new Set<string>()
  for (const part of text.split(/\s+/).filter((part) => part !== '')) {
    const own = OWN_SCOPES.find((scope) => scope === part)
    if (own) scopes.add(own === 'offline_access' ? OFFLINE : own)
    else {
      const slash = part.lastIndexOf('/')
      audiences.add(part.slice(0, Math.max(slash, 0)))
      scopes.add(part.slice(slash + 1))
    }
  }
  if (audiences.size === 0) audiences.add('')
  return { scope: [...scopes].join(' '), resources: [...audiences].map(resourceOf) }
}

/** The audience that a resource stands for, as the program wrote it; empty for this server's own without a name. */
export function audienceOf(resource: string): string {
  return decodeURIComponent(resource.slice(RESOURCE.length))
}

/**
 * Names granted scopes as they were asked for.
 *
 * @param audience empty for bare names
 */
export function writeScopes(audience: string, scopes: readonly string[]): string {
  const own = scopes.filter((scope) => scope !== OFFLINE && PROVIDER_SCOPES.includes(scope))
  const rest = scopes.filter((scope) => !PROVIDER_SCOPES.includes(scope))
  return [...rest.map((scope) => (audience === '' ? scope : `${audience}/${scope}`)), ...own].join(' ')
}

function resourceOf(audience: string): string {
  return `${RESOURCE}${encodeURIComponent(audience)}`
}
