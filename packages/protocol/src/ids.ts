import { type Static, Type } from 'typebox'

/** A customer of one server: everything belongs to exactly one tenant. A GUID. */
export type TenantId = string & { readonly __brand: 'TenantId' }
/** An enrolled device: 40 lower-case hex digits, random, given at enrollment. */
export type MachineId = string & { readonly __brand: 'MachineId' }
/** One request for a machine to do something: a GUID. */
export type MachineActionId = string & { readonly __brand: 'MachineActionId' }
/** What was found on a machine: `da`, digits, `_`, a signed number. */
export type AlertId = string & { readonly __brand: 'AlertId' }
/** A registered application (client id): a GUID. */
export type ApplicationId = string & { readonly __brand: 'ApplicationId' }

export const GuidPattern = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
export const Guid = Type.String({ pattern: GuidPattern })
export const MachineIdText = Type.String({ pattern: '^[0-9a-f]{40}$' })
export const Sha256Text = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const Base64Text = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' })
export type Guid = Static<typeof Guid>

const guid = new RegExp(GuidPattern)
const machineId = /^[0-9a-f]{40}$/

/** True for a GUID in its usual 8-4-4-4-12 form, any case. */
export function isGuid(text: string): boolean {
  return guid.test(text)
}

/** Reads a machine id in any case; `undefined` when the text is not one (the API answers that as unknown, not as bad). */
export function readMachineId(text: string): MachineId | undefined {
  const lower = text.toLowerCase()
  return machineId.test(lower) ? (lower as MachineId) : undefined
}

/** Reads a machine action id in any case; `undefined` when the text is not one. */
export function readMachineActionId(text: string): MachineActionId | undefined {
  return isGuid(text) ? (text.toLowerCase() as MachineActionId) : undefined
}

const alertId = /^da\d{1,20}_-?\d{1,10}$/

/** Reads an alert id in any case; `undefined` when the text is not one. */
export function readAlertId(text: string): AlertId | undefined {
  const lower = text.toLowerCase()
  return alertId.test(lower) ? (lower as AlertId) : undefined
}

/** A person who may sign in: a GUID, `oid` in their tokens. */
export type UserId = string & { readonly __brand: 'UserId' }
/** A set of people that roles are given to: a GUID. */
export type UserGroupId = string & { readonly __brand: 'UserGroupId' }
/** A set of role permissions: a GUID. */
export type RoleId = string & { readonly __brand: 'RoleId' }
/** A set of machines that people reach: a whole number from 1, `rbacGroupId` of its machines. */
export type DeviceGroupId = number & { readonly __brand: 'DeviceGroupId' }

/** Where a machine is that no device group's rule matches. */
export const UNGROUPED = 0 as DeviceGroupId

/** The console's own client id: a public client that every tenant knows. */
export const CONSOLE_CLIENT_ID = 'f1ee75ee-0000-4000-8000-00000000c050' as ApplicationId
/** The command line's own client id: a public client that every tenant knows. */
export const CLI_CLIENT_ID = 'f1ee75ee-0000-4000-8000-000000000c11' as ApplicationId

/** Reads the id of a device group as it stands in a path; `undefined` when the text is not one. */
export function readDeviceGroupId(text: string): DeviceGroupId | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(text) ? (Number(text) as DeviceGroupId) : undefined
}
