import type { TenantId } from '@fleetsweep/protocol'
import { ALL_MACHINES, type Principal } from '../principal/index.ts'
import type { UserStore } from '../user/index.ts'
import type { ExternalToken } from './external-tokens.ts'

/**
 * Whoever a token of an external issuer stands for. A person has no row here: the user groups that stand for the groups
 * in the token say what they may do and reach.
 */
export async function externalPrincipal(
  { kind, id, name, permissions, groups }: ExternalToken,
  tenant: TenantId,
  users: Pick<UserStore, 'groupsByExternalId' | 'accessOf'>,
): Promise<Principal> {
  const common = { tenant, id, name, permissions: new Set(permissions), requestSource: 'PublicApi' } as const
  if (kind === 'application') return { ...common, kind, rolePermissions: null, reach: ALL_MACHINES }
  const { rolePermissions, reach } = await users.accessOf(await users.groupsByExternalId(groups))
  return { ...common, kind, rolePermissions: new Set(rolePermissions), reach }
}
