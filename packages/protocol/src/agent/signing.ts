/**
 * The exact bytes that are signed. A context names what the signature is for, so that one made for one purpose is
 * worthless for another; the JSON array keeps fields from running into each other.
 */
export function signingInput(context: SigningContext, fields: readonly string[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([context, ...fields]))
}

export type SigningContext =
  /** By the machine: [serverNonce, serverId, agentNonce, machineId, bootId]. */
  | 'fleetsweep.agent.v1/connect'
  /** By the machine: [tenant, tokenId, secret, publicKey]. */
  | 'fleetsweep.agent.v1/enroll'
  /** By the machine: [serverId, tenant, machineId, actionId, sha256 of what it sends]. */
  | 'fleetsweep.agent.v1/attachment'
  /** By the server: [order text]. */
  | 'fleetsweep.agent.v1/order'
  /** By the server: [settings text]. */
  | 'fleetsweep.agent.v1/settings'
  /** By the older order key: [tenant, keyId, publicKey of the newer]. */
  | 'fleetsweep.agent.v1/order-key'
  /** By nobody: [hash of the entry before, tenant, position, id, at, principal's kind, id and name, operation, target, detail], hashed. */
  | 'fleetsweep.audit.v1/entry'
  /** By the server: [tenant, position, hash, signedAt]. */
  | 'fleetsweep.audit.v1/head'
  /** By the older audit key: [tenant, keyId, publicKey of the newer]. */
  | 'fleetsweep.audit.v1/key'
