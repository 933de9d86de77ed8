import { isGuid } from '../ids.ts'
import { ALL_API_HOSTS } from './microsoft-host.ts'

/** The application id of WindowsDefenderATP in Microsoft's directory. */
const DEFENDER_APPLICATION = 'fc780465-2017-40d4-a0c5-307022471b92'

/** Names of Microsoft's API, which clients ask tokens for: lower case, without a slash at the end. */
export const DEFENDER_AUDIENCES: readonly string[] = [
  ...ALL_API_HOSTS.map((host) => `https://${host}`),
  'https://securitycenter.onmicrosoft.com/windowsatpservice',
  DEFENDER_APPLICATION,
]

const MICROSOFT_DOMAINS = [
  'microsoft.com',
  'microsoft.us',
  'windows.com',
  'windows.net',
  'azure.com',
  'office.com',
]
const SECURITY_CENTER = 'securitycenter.onmicrosoft.com'
/** Microsoft's own applications share this ending, Graph and the older directory API among them. */
const MICROSOFT_APPLICATION = /-0000-0000-c000-000000000000$/

/**
 * True for a resource of Microsoft's: Defender's API by any name, in any spelling, and anything else below Microsoft's
 * domains. A token that is good there must never be good here.
 */
export function isMicrosoftAudience(audience: string): boolean {
  const bare = audience.trim().toLowerCase().replace(/\/+$/, '')
  const id = bare.replace(/^(api:\/\/|spn:)/, '')
  if (isGuid(id)) return id === DEFENDER_APPLICATION || MICROSOFT_APPLICATION.test(id)
  const host = hostOf(bare) ?? hostOf(`https://${bare}`)
  if (host === undefined) return false
  return host === SECURITY_CENTER || MICROSOFT_DOMAINS.some((one) => host === one || host.endsWith(`.${one}`))
}

function hostOf(text: string): string | undefined {
  const url = URL.parse(text)
  return url === null || url.hostname === '' ? undefined : url.hostname.replace(/\.$/, '')
}
