/**
 * The hosts of Microsoft's API, by the cloud or the age that they belong to. Clients ask for tokens by these names, and
 * call them where somebody made the names lead to another server.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/exposed-apis-list
 * @see https://learn.microsoft.com/en-us/defender-endpoint/gov
 */
export const API_HOSTS = {
  commercial: [
    'api.security.microsoft.com',
    'api.securitycenter.microsoft.com',
    'api.securitycenter.windows.com',
  ],
  regional: [
    'us.api.security.microsoft.com',
    'eu.api.security.microsoft.com',
    'uk.api.security.microsoft.com',
    'au.api.security.microsoft.com',
    'swa.api.security.microsoft.com',
    'ina.api.security.microsoft.com',
    'aea.api.security.microsoft.com',
    'api-us.securitycenter.microsoft.com',
    'api-eu.securitycenter.microsoft.com',
    'api-uk.securitycenter.microsoft.com',
    'api-us.securitycenter.windows.com',
    'api-eu.securitycenter.windows.com',
    'api-uk.securitycenter.windows.com',
  ],
  gcc: ['api-gcc.securitycenter.microsoft.us'],
  /** GCC High and DoD. */
  'gcc-high': ['api-gov.securitycenter.microsoft.us'],
} as const satisfies Record<string, readonly string[]>

/**
 * The hosts where clients of Microsoft's API sign in: everywhere and GCC, GCC High and DoD, and the older name that
 * stands in the first samples for this API.
 */
export const LOGIN_HOSTS = [
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.windows.net',
] as const

/** Every host of the API, whatever the cloud. */
export const ALL_API_HOSTS: readonly string[] = Object.values(API_HOSTS).flat()

/** True for a host of either table: a name that is not this server's own, even where it leads here. */
export function isMicrosoftHost(host: string): boolean {
  return ALL_API_HOSTS.includes(host) || (LOGIN_HOSTS as readonly string[]).includes(host)
}
