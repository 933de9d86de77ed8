import { Base64Text, Guid, MachineIdText, OrderKey, Sha256Text } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'
import { OS_IDENTITY_SOURCES } from '../os/host.ts'

/** The key of this machine, and the operating system that it belongs to: a copy of it elsewhere is worthless. */
const KeyHolder = {
  /** Ed25519, PKCS#8. */
  privateKeyPem: Type.String({ pattern: '^-----BEGIN PRIVATE KEY-----' }),
  publicKey: Base64Text,
  osIdentity: Sha256Text,
  osIdentitySources: Type.Array(Type.Enum(OS_IDENTITY_SOURCES), { minItems: 1 }),
}

/** A key that no server knows for sure yet: its enrollment was not answered. */
export const UnenrolledKey = Type.Object({ kind: Type.Literal('unenrolled'), ...KeyHolder })
export type UnenrolledKey = Static<typeof UnenrolledKey>

/** Who this machine is, to which server, and whose orders it follows. */
export const Identity = Type.Object({
  kind: Type.Literal('enrolled'),
  ...KeyHolder,
  machineId: MachineIdText,
  tenant: Guid,
  serverId: Guid,
  /** Scheme, host and port. */
  serverUrl: Type.String(),
  /** True when plain HTTP beyond loopback was allowed by hand. */
  insecureHttp: Type.Boolean(),
  /** The only authority that may vouch for the server; null for those of the system. */
  caPem: Type.Union([Type.String(), Type.Null()]),
  /** From the first order-signing key to the newest that is trusted. */
  orderKeys: Type.Array(OrderKey, { minItems: 1 }),
})
export type Identity = Static<typeof Identity>

export const identityFileContent = new LazySchema(Type.Union([UnenrolledKey, Identity]))
