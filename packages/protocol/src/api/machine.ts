import { type Static, Type } from 'typebox'

const NullableText = Type.Union([Type.String(), Type.Null()])

/** How much a machine matters, as people say; `Normal` until they do. */
export const DEVICE_VALUES = ['Normal', 'Low', 'High'] as const
export type DeviceValue = (typeof DEVICE_VALUES)[number]

/** Reads a device value in any case; `undefined` when it is none. */
export function readDeviceValue(text: string): DeviceValue | undefined {
  return DEVICE_VALUES.find((value) => value.toLowerCase() === text.toLowerCase())
}

export const TAG_ACTIONS = ['Add', 'Remove'] as const
export type TagAction = (typeof TAG_ACTIONS)[number]

/** Reads what to do with a tag, in any case; `undefined` when it is neither. */
export function readTagAction(text: string): TagAction | undefined {
  return TAG_ACTIONS.find((action) => action.toLowerCase() === text.toLowerCase())
}

/** Most machines that one call tags. */
export const MAX_TAGGED_MACHINES = 500

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

/**
 * Body of `POST /api/machines/{id}/tags`. Names are case-sensitive; unknown members are ignored.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/add-or-remove-machine-tags
 */
export const TagMachineBody = Type.Object({
  /** The tag: 1 to 200 characters, not blank, without control characters. */
  Value: Type.String(),
  /** `Add` or `Remove`, in any case. */
  Action: Type.String(),
})
export type TagMachineBody = Static<typeof TagMachineBody>

/**
 * Body of `POST /api/machines/AddOrRemoveTagForMultipleMachines`.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/add-or-remove-multiple-machine-tags
 */
export const TagMachinesBody = Type.Object({
  ...TagMachineBody.properties,
  /** 1 to 500; one that stands twice counts once. */
  MachineIds: Type.Array(Type.String()),
})
export type TagMachinesBody = Static<typeof TagMachinesBody>

/**
 * Body of `POST /api/machines/{id}/setDeviceValue`.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/set-device-value
 */
export const SetDeviceValueBody = Type.Object({
  /** `Normal`, `Low` or `High`, in any case. */
  DeviceValue: Type.String(),
})
export type SetDeviceValueBody = Static<typeof SetDeviceValueBody>

/**
 * Body of `PATCH /api/machines/{id}`; what is absent or null stays.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/update-machine-method
 */
export const UpdateMachineBody = Type.Object({
  /** All tags that the machine has from then on. */
  machineTags: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  /** `Normal`, `Low` or `High`, in any case. */
  deviceValue: Type.Optional(NullableText),
})
export type UpdateMachineBody = Static<typeof UpdateMachineBody>
