/** Permissions that Microsoft defines, by the names that its tokens carry in `roles`. */
export const DEFENDER_PERMISSIONS = [
  'Machine.Scan',
  'Machine.StopAndQuarantine',
  'Machine.Read.All',
  'Machine.ReadWrite.All',
  'Alert.Read.All',
  'Alert.ReadWrite.All',
] as const

/** Permissions of our own; no Defender permission implies one of them. */
export const FLEET_PERMISSIONS = [
  'Fleet.Enroll',
  'Fleet.Admin',
  'Scan.Read.All',
  'Scan.Run.Custom',
  'Audit.Read.All',
] as const

export const PERMISSIONS = [...DEFENDER_PERMISSIONS, ...FLEET_PERMISSIONS] as const

/** What a principal may do. Applications hold permissions as app roles. */
export type Permission = (typeof PERMISSIONS)[number]

/** True when the text names a permission of this server. */
export function isPermission(text: string): text is Permission {
  return (PERMISSIONS as readonly string[]).includes(text)
}
