import type { DeviceGroupId, ErrorCode, Permission, RolePermission, TenantId } from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import type { Access } from '../kit/http/index.ts'

/** Whoever makes a call: one object travels from the edge to the store. */
export type Principal = {
  kind: 'application' | 'user'
  tenant: TenantId
  /** Application id, or the person's object id. */
  id: string
  /** What `requestor` shows: the application's display name, or the person's user principal name. */
  name: string
  /** App roles of an application; of a person, what the program that they use may do in their name. */
  permissions: ReadonlySet<Permission>
  /** What the roles of a person allow; null for an application, which no role binds. */
  rolePermissions: ReadonlySet<RolePermission> | null
  reach: Reach
  /** `Portal` for people in our own console and CLI. */
  requestSource: 'PublicApi' | 'Portal'
  /** Overrides of the usual rate limits; null or absent where the usual one holds. */
  limits?: { perMinute: number | null; perHour: number | null }
}

/** Which machines a principal may see and touch. */
export type Reach = { kind: 'allMachines' } | { kind: 'deviceGroups'; ids: readonly DeviceGroupId[] }

export const ALL_MACHINES: Reach = { kind: 'allMachines' }

/** The principal as the audit names it. */
export function auditPrincipal({ kind, id, name }: Principal): AuditPrincipal {
  return { kind, id, name }
}

/** True when a machine of this device group is within reach. */
export function reaches(reach: Reach, deviceGroup: DeviceGroupId): boolean {
  return reach.kind === 'allMachines' || reach.ids.includes(deviceGroup)
}

/**
 * True for an answer that kept something from whoever called: a permission, calls beyond a limit, or a machine out of
 * reach. For whoever reaches every machine, one that was not found is just not there.
 */
export function isAccessRefused(code: ErrorCode, { reach }: Principal, access: Access): boolean {
  if (code === 'Forbidden' || code === 'TooManyRequests') return true
  const namesMachine = 'reach' in access && access.reach === 'machine'
  return code === 'ResourceNotFound' && namesMachine && reach.kind !== 'allMachines'
}
