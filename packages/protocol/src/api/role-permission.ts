import { FLEET_PERMISSIONS, isPermission, type Permission } from './permission.ts'

/**
 * What a role lets a person do, by the names of Defender's role editor.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/user-roles
 */
export const DEFENDER_ROLE_PERMISSIONS = [
  'ViewData',
  'ActiveRemediationActions',
  'AlertsInvestigation',
  'SecurityBaselines',
  'ManageSecuritySettings',
  'ManagePortalSystemSettings',
  'LiveResponseBasic',
  'LiveResponseAdvanced',
] as const

/** A role may also hold the permissions of our own; none of Defender's implies one of them. */
export const ROLE_PERMISSIONS = [...DEFENDER_ROLE_PERMISSIONS, ...FLEET_PERMISSIONS] as const

export type RolePermission = (typeof ROLE_PERMISSIONS)[number]

/** True when the text names something that a role may hold. */
export function isRolePermission(text: string): text is RolePermission {
  return (ROLE_PERMISSIONS as readonly string[]).includes(text)
}

/**
 * The delegated scope that stands for a permission in `scp`: Defender's lose their `.All` (`Machine.Read`), because a
 * person never reaches more than the role allows; ours keep their names.
 */
export function scopeOf(permission: Permission): string {
  return (FLEET_PERMISSIONS as readonly string[]).includes(permission)
    ? permission
    : permission.replace(/\.All$/, '')
}

/** The permission that a delegated scope stands for; `undefined` for one that is none of ours. */
export function permissionOfScope(scope: string): Permission | undefined {
  if (isPermission(scope)) return scopeOf(scope) === scope ? scope : undefined
  const whole = `${scope}.All`
  return isPermission(whole) && scopeOf(whole) === scope ? whole : undefined
}
