import { createHash } from 'node:crypto'
import type { OrderKey } from '@fleetsweep/protocol'
import { isSignedBy } from './ed25519.ts'

/** True when the chain begins with the key of this fingerprint and each later key is signed by the one before. */
export function isChainFrom(chain: readonly OrderKey[], rootSha256: string, tenant: string): boolean {
  const [root] = chain
  if (root === undefined) return false
  const fingerprint = createHash('sha256').update(Buffer.from(root.publicKey, 'base64')).digest('hex')
  return fingerprint === rootSha256 && linksHold(chain, tenant)
}

/**
 * Follows a chain that a server announced from the newest key that is trusted already.
 *
 * @returns the keys to trust from now on, or `undefined` when the announced chain does not hold that key or breaks after it
 */
export function followChain(
  trusted: readonly OrderKey[],
  announced: readonly OrderKey[],
  tenant: string,
): OrderKey[] | undefined {
  const newest = trusted.at(-1)
  if (newest === undefined) return undefined
  const at = announced.findIndex((key) => key.keyId === newest.keyId && key.publicKey === newest.publicKey)
  if (at < 0 || !linksHold(announced.slice(at), tenant)) return undefined
  return [...trusted, ...announced.slice(at + 1)]
}

function linksHold(chain: readonly OrderKey[], tenant: string): boolean {
  return chain.slice(1).every((key, index) => {
    const signer = chain[index]
    if (signer === undefined || key.signature === null) return false
    return isSignedBy(
      signer.publicKey,
      'fleetsweep.agent.v1/order-key',
      [tenant, key.keyId, key.publicKey],
      key.signature,
    )
  })
}
