import { type Static, Type } from 'typebox'

const NullableText = Type.Union([Type.String(), Type.Null()])

export const IpAddress = Type.Object({
  ipAddress: Type.String({ maxLength: 64 }),
  /** Twelve hex digits without separators; null for loopback. */
  macAddress: Type.Union([Type.String({ maxLength: 32 }), Type.Null()]),
  /** `Ethernet` or `SoftwareLoopback`. */
  type: Type.String({ maxLength: 32 }),
  /** `Up` or `Down`. */
  operationalStatus: Type.String({ maxLength: 16 }),
})
export type IpAddress = Static<typeof IpAddress>

/**
 * An enrolled device as the Defender API shows it; properties stand in the order of the wire.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/machine
 */
export const Machine = Type.Object({
  id: Type.String(),
  mergedIntoMachineId: NullableText,
  /** True when another machine has the same operating-system identity under another key, or a copy of this key is in use. */
  isPotentialDuplication: Type.Boolean(),
  isExcluded: Type.Boolean(),
  exclusionReason: NullableText,
  computerDnsName: NullableText,
  firstSeen: Type.String(),
  lastSeen: Type.String(),
  osPlatform: NullableText,
  osVersion: NullableText,
  osProcessor: NullableText,
  version: NullableText,
  lastIpAddress: NullableText,
  lastExternalIpAddress: NullableText,
  agentVersion: NullableText,
  osBuild: Type.Union([Type.Integer(), Type.Null()]),
  healthStatus: Type.Union([Type.Literal('Active'), Type.Literal('Inactive'), Type.Literal('Unknown')]),
  deviceValue: NullableText,
  rbacGroupId: Type.Integer(),
  rbacGroupName: NullableText,
  riskScore: NullableText,
  exposureLevel: NullableText,
  isAadJoined: Type.Union([Type.Boolean(), Type.Null()]),
  aadDeviceId: NullableText,
  machineTags: Type.Array(Type.String()),
  defenderAvStatus: Type.String(),
  onboardingStatus: Type.String(),
  osArchitecture: NullableText,
  managedBy: Type.String(),
  managedByStatus: Type.String(),
  ipAddresses: Type.Array(IpAddress),
  vmMetadata: Type.Null(),
})
export type Machine = Static<typeof Machine>
