import { ALL_API_HOSTS } from '@fleetsweep/protocol'

/** Names of Microsoft's API, which clients ask tokens for. Good only in tokens that our own issuer signed. */
const DEFENDER_AUDIENCES: readonly string[] = [
  ...ALL_API_HOSTS.map((host) => `https://${host}`),
  'https://securitycenter.onmicrosoft.com/windowsatpservice',
  // The application id of WindowsDefenderATP in Microsoft's directory.
  'fc780465-2017-40d4-a0c5-307022471b92',
]

/** True for a resource that tokens are issued for: Defender's API by any of its names, or this server. */
export function isAudience(resource: string, origins: readonly string[]): boolean {
  const bare = resource.toLowerCase().replace(/\/+$/, '')
  return DEFENDER_AUDIENCES.includes(bare) || origins.includes(bare)
}
