import { type Static, Type } from 'typebox'
import { Base64Text, Guid, MachineIdText } from '../ids.ts'
import { Inventory } from './inventory.ts'
import { OrderKey } from './order.ts'

/** Where an agent exchanges an enrollment token for an identity. */
export const ENROLL_PATH = '/fleet/v1/agent/enroll'
/** The local certificate authority, for agents whose token carries its fingerprint. PEM; 404 where there is none. */
export const CA_PATH = '/fleet/v1/agent/ca.pem'

/** Where a server gives signature databases to freshclam, by their file names; open to anyone. */
export const SIGNATURES_PATH = '/fleet/v1/agent/signatures'
/** The script that installs the agent on a machine. */
export const INSTALL_SCRIPT_PATH = '/fleet/v1/agent/install.sh'
/** Below it, the archives that the script fetches. */
export const AGENT_PACKAGES_PATH = '/fleet/v1/agent/packages'
/** WebSocket endpoint of the gateway. */
export const CHANNEL_PATH = '/fleet/v1/agent/channel'

/**
 * What the text of an enrollment token says. Only `secret` is secret; the fingerprints let the agent trust a server
 * that no public authority vouches for.
 */
export const EnrollmentTokenContent = Type.Object({
  tenant: Guid,
  tokenId: Guid,
  /** 32 random bytes, base64url. The server keeps SHA-256 of it. */
  secret: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  /** SHA-256 of the DER of the server's local CA, hex; absent where its certificate is publicly trusted. */
  caSha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  /** SHA-256 of the raw first order-signing key of the tenant, hex. */
  orderRootSha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
})
export type EnrollmentTokenContent = Static<typeof EnrollmentTokenContent>

export const ENROLLMENT_TOKEN_PREFIX = 'fse1.'

/** Asks for an identity. Sending the same request again gives the same answer and uses the token once. */
export const EnrollRequest = Type.Object({
  tenant: Guid,
  tokenId: Guid,
  secret: EnrollmentTokenContent.properties.secret,
  /** Raw Ed25519 public key, 32 bytes, base64. A machine that still has its key sends the same one and stays itself. */
  publicKey: Base64Text,
  /** Over `signingInput('fleetsweep.agent.v1/enroll', [tenant, tokenId, secret, publicKey])`: proof of the private key. */
  signature: Base64Text,
  inventory: Inventory,
})
export type EnrollRequest = Static<typeof EnrollRequest>

export const EnrollAnswer = Type.Object({
  machineId: MachineIdText,
  tenant: Guid,
  /** Names this server for ever; the agent signs it on connecting, so that a signature for one server is no good at another. */
  serverId: Guid,
  /** From the first order-signing key to the newest, each announced by the one before. */
  orderKeys: Type.Array(OrderKey, { minItems: 1, maxItems: 64 }),
  /** How the identity came about. */
  outcome: Type.Union([Type.Literal('new'), Type.Literal('same'), Type.Literal('replaced')]),
})
export type EnrollAnswer = Static<typeof EnrollAnswer>
