import { type Static, Type } from 'typebox'
import { Guid } from '../ids.ts'
import { Description, DisplayName } from './access.ts'

const NullableText = Type.Union([Type.String(), Type.Null()])

/** What the rules of a device group look at. */
export const RULE_PROPERTIES = ['name', 'domain', 'tag', 'osPlatform'] as const
export type RuleProperty = (typeof RULE_PROPERTIES)[number]

export const RULE_OPERATORS = ['equals', 'startsWith', 'endsWith', 'contains'] as const
export type RuleOperator = (typeof RULE_OPERATORS)[number]

const STRICT = { additionalProperties: false }

/** Compared without case. */
export const RuleCondition = Type.Object(
  {
    operator: Type.Enum(RULE_OPERATORS),
    value: Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\u0000-\\u001f]+$' }),
  },
  STRICT,
)
export type RuleCondition = Static<typeof RuleCondition>

const Conditions = Type.Optional(Type.Array(RuleCondition, { minItems: 1, maxItems: 10 }))

/**
 * Which machines a device group matches: those that fulfil, for every property that is named, at least one of its
 * conditions. Members that are not known are refused, because a rule that is left out makes the group larger.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/machine-groups
 */
export const DeviceGroupRules = Type.Object(
  {
    /** The whole computer name, as `computerDnsName` shows it. */
    name: Conditions,
    /** What follows the first dot of the computer name; a machine without a dot has none, and never matches. */
    domain: Conditions,
    /** Any one of the tags of the machine. */
    tag: Conditions,
    /** As `osPlatform` shows it, such as `Debian` or `Windows11`. */
    osPlatform: Conditions,
  },
  { ...STRICT, minProperties: 1 },
)
export type DeviceGroupRules = Static<typeof DeviceGroupRules>

/**
 * How much may be done about a threat without asking, by Microsoft's five levels: nothing, only outside of all folders /
 * of the system's folders / of other than temporary folders, or everything. Kept and shown; nothing acts on it yet.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/automation-levels
 */
export const REMEDIATION_LEVELS = [
  'NoAutomatedResponse',
  'SemiAllFolders',
  'SemiCoreFolders',
  'SemiNonTempFolders',
  'Full',
] as const
export type RemediationLevel = (typeof REMEDIATION_LEVELS)[number]

/** Most device groups of one tenant. */
export const MAX_DEVICE_GROUPS = 200

/** The name of the machines that no device group matches. */
export const UNGROUPED_NAME = 'Ungrouped devices (default)'

/** A set of machines that people reach. Every machine is in the highest-ranked one whose rules match. */
export const DeviceGroup = Type.Object({
  id: Type.Integer({ description: '`rbacGroupId` of its machines; 0 for the ungrouped ones.' }),
  displayName: Type.String(),
  description: Type.String(),
  rank: Type.Union([Type.Integer(), Type.Null()], {
    description: '1 is the highest; null for the ungrouped ones, which always come last.',
  }),
  rules: Type.Union([DeviceGroupRules, Type.Null()], { description: 'Null for the ungrouped ones.' }),
  remediationLevel: Type.Enum(REMEDIATION_LEVELS),
  userGroupIds: Type.Array(Type.String(), {
    description: 'The user groups that reach it; none: everybody who has a role.',
  }),
  machineCount: Type.Integer({ description: 'How many machines are in it now.' }),
})
export type DeviceGroup = Static<typeof DeviceGroup>

/** The highest rank first, the ungrouped machines last. */
export const DeviceGroupList = Type.Object({ items: Type.Array(DeviceGroup), nextCursor: NullableText })
export type DeviceGroupList = Static<typeof DeviceGroupList>

/** Body of `POST /fleet/v1/deviceGroups`. The new group comes last among the ranked ones. */
export const CreateDeviceGroupBody = Type.Object({
  displayName: DisplayName,
  description: Type.Optional(Description),
  rules: DeviceGroupRules,
  remediationLevel: Type.Optional(
    Type.Enum(REMEDIATION_LEVELS, { description: '`NoAutomatedResponse` when absent.' }),
  ),
  userGroupIds: Type.Optional(Type.Array(Guid, { maxItems: 1_000 })),
})
export type CreateDeviceGroupBody = Static<typeof CreateDeviceGroupBody>

/** Body of `PATCH /fleet/v1/deviceGroups/{id}`; what is absent stays, rules and lists that are there replace the old. */
export const ChangeDeviceGroupBody = Type.Partial(CreateDeviceGroupBody)
export type ChangeDeviceGroupBody = Static<typeof ChangeDeviceGroupBody>

/** Body of `PUT /fleet/v1/deviceGroups/order`: every group but the ungrouped one, the highest rank first. */
export const OrderDeviceGroupsBody = Type.Object({
  ids: Type.Array(Type.Integer({ minimum: 1 }), { maxItems: MAX_DEVICE_GROUPS }),
})

/** Body of `POST /fleet/v1/deviceGroups/preview`. */
export const PreviewDeviceGroupBody = Type.Object({ rules: DeviceGroupRules })

/** Machines that rules match, whatever group has them now; only those that the caller reaches. */
export const DeviceGroupPreview = Type.Object({
  count: Type.Integer(),
  /** The first ten by name. */
  machines: Type.Array(
    Type.Object({
      id: Type.String(),
      computerDnsName: Type.String(),
      osPlatform: Type.String(),
      machineTags: Type.Array(Type.String()),
      rbacGroupId: Type.Integer({ description: 'Where it is now.' }),
      rbacGroupName: NullableText,
    }),
  ),
})
export type DeviceGroupPreview = Static<typeof DeviceGroupPreview>
