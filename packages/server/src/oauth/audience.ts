import { DEFENDER_AUDIENCES } from '@fleetsweep/protocol'

/**
 * True for a resource that tokens are issued for: Defender's API by any of its names, or this server. Defender's names
 * are good only in tokens that our own issuer signed.
 */
export function isAudience(resource: string, origins: readonly string[]): boolean {
  const bare = resource.toLowerCase().replace(/\/+$/, '')
  return DEFENDER_AUDIENCES.includes(bare) || origins.includes(bare)
}
