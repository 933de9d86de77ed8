import { type Static, Type } from 'typebox'

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

export const IpAddress = Type.Object(
  {
    ipAddress: Type.String({ maxLength: 64 }),
    macAddress: Type.Union([Type.String({ maxLength: 32 }), Type.Null()], {
      description: 'Twelve hex digits without separators; null for loopback.',
    }),
    type: Type.String({ maxLength: 32, description: '`Ethernet` or `SoftwareLoopback`.' }),
    operationalStatus: Type.String({ maxLength: 16, description: '`Up` or `Down`.' }),
  },
  { description: 'An address of a network interface.' },
)
export type IpAddress = Static<typeof IpAddress>

/**
 * An enrolled device as the Defender API shows it; properties stand in the order of the wire.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/machine
 */
export const Machine = Type.Object(
  {
    id: Type.String({ description: '40 hex digits, given at enrollment.' }),
    mergedIntoMachineId: Type.Union([Type.String(), Type.Null()], {
      description: 'Always null: machines are not merged here.',
    }),
    isPotentialDuplication: Type.Boolean({
      description:
        'True when another machine has the same operating-system identity under another key, or a copy of this key is in use.',
    }),
    isExcluded: Type.Boolean({ description: 'Always false: no machine is excluded here.' }),
    exclusionReason: Type.Union([Type.String(), Type.Null()], { description: 'Always null.' }),
    computerDnsName: Type.Union([Type.String(), Type.Null()], {
      description: 'Full name of the computer, as the machine tells it.',
    }),
    firstSeen: Type.String({ description: 'When it enrolled, ISO 8601 in UTC.' }),
    lastSeen: Type.String({ description: 'When the server last heard of it.' }),
    osPlatform: Type.Union([Type.String(), Type.Null()], {
      description: 'Such as `Windows11`, `macOS` or the name of a Linux distribution.',
    }),
    osVersion: Type.Union([Type.String(), Type.Null()], {
      description: 'As the machine tells it; null when it does not say.',
    }),
    osProcessor: Type.Union([Type.String(), Type.Null()], {
      description: 'Such as `x64`. `osArchitecture` says the same.',
    }),
    version: Type.Union([Type.String(), Type.Null()], {
      description: 'The version that users know, such as `21H2`; `Other` where there is none.',
    }),
    lastIpAddress: Type.Union([Type.String(), Type.Null()], {
      description: 'The internal address that it last told of.',
    }),
    lastExternalIpAddress: Type.Union([Type.String(), Type.Null()], {
      description: 'The address from which it last called.',
    }),
    agentVersion: Type.Union([Type.String(), Type.Null()], { description: 'Of the Fleetsweep agent.' }),
    osBuild: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Build number of the operating system; null where it has none.',
    }),
    healthStatus: Type.Union([Type.Literal('Active'), Type.Literal('Inactive'), Type.Literal('Unknown')], {
      description: '`Inactive` when the server has not heard of it for seven days.',
    }),
    deviceValue: Type.Union([Type.String(), Type.Null()], {
      description: 'How much it matters: `Normal`, `Low` or `High`.',
    }),
    rbacGroupId: Type.Integer({ description: 'Number of its device group; 0 when no rule matches it.' }),
    rbacGroupName: Type.Union([Type.String(), Type.Null()], {
      description: 'Name of its device group; null when no rule matches it.',
    }),
    riskScore: Type.Union([Type.String(), Type.Null()], {
      description: 'Of its open alerts: `None`, `Informational`, `Low`, `Medium` or `High`.',
    }),
    exposureLevel: Type.Union([Type.String(), Type.Null()], {
      description: 'Always null: nothing here assesses vulnerabilities.',
    }),
    isAadJoined: Type.Union([Type.Boolean(), Type.Null()], {
      description: 'Always null: agents do not tell.',
    }),
    aadDeviceId: Type.Union([Type.String(), Type.Null()], {
      description: 'Id that Entra gave the device; null where it has none.',
    }),
    machineTags: Type.Array(Type.String(), { description: 'Words by which people group machines.' }),
    defenderAvStatus: Type.String({
      description: 'Of the antivirus engine and its signatures, such as `Updated` or `NotUpdated`.',
    }),
    onboardingStatus: Type.String({ description: 'Always `Onboarded`.' }),
    osArchitecture: Type.Union([Type.String(), Type.Null()], { description: 'Such as `64-bit`.' }),
    managedBy: Type.String({ description: 'Always `Unknown`.' }),
    managedByStatus: Type.String({ description: 'Always `Unknown`.' }),
    ipAddresses: Type.Array(IpAddress, { description: 'All addresses of its network interfaces.' }),
    vmMetadata: Type.Null({ description: 'Always null.' }),
  },
  { description: 'An enrolled device.' },
)
export type Machine = Static<typeof Machine>

/**
 * Body of `POST /api/machines/{id}/tags`. Names are case-sensitive; unknown members are ignored.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/add-or-remove-machine-tags
 */
export const TagMachineBody = Type.Object({
  Value: Type.String({ description: 'The tag: 1 to 200 characters, not blank, without control characters.' }),
  Action: Type.String({ description: '`Add` or `Remove`, in any case.' }),
})
export type TagMachineBody = Static<typeof TagMachineBody>

/**
 * Body of `POST /api/machines/AddOrRemoveTagForMultipleMachines`.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/add-or-remove-multiple-machine-tags
 */
export const TagMachinesBody = Type.Object({
  ...TagMachineBody.properties,
  MachineIds: Type.Array(Type.String(), { description: '1 to 500; one that stands twice counts once.' }),
})
export type TagMachinesBody = Static<typeof TagMachinesBody>

/**
 * Body of `POST /api/machines/{id}/setDeviceValue`.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/set-device-value
 */
export const SetDeviceValueBody = Type.Object({
  DeviceValue: Type.String({ description: '`Normal`, `Low` or `High`, in any case.' }),
})
export type SetDeviceValueBody = Static<typeof SetDeviceValueBody>

/**
 * Body of `PATCH /api/machines/{id}`; what is absent or null stays.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/api/update-machine-method
 */
export const UpdateMachineBody = Type.Object({
  machineTags: Type.Optional(
    Type.Union([Type.Array(Type.String()), Type.Null()], {
      description: 'All tags that the machine has from then on.',
    }),
  ),
  deviceValue: Type.Optional(
    Type.Union([Type.String(), Type.Null()], { description: '`Normal`, `Low` or `High`, in any case.' }),
  ),
})
export type UpdateMachineBody = Static<typeof UpdateMachineBody>
