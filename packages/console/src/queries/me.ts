import type { Me, Permission, RolePermission } from '@fleetsweep/protocol'
import { useQuery } from '@tanstack/react-query'
import { useSession } from '../session/session.ts'
import { keys } from './keys.ts'

/** Whoever is signed in, and what they may do. */
export function useMe() {
  const { client } = useSession()
  return useQuery({ queryKey: keys.me, queryFn: ({ signal }) => client.access.getMe({ signal }) })
}

/** True when this console may do something in their name, and their roles allow it. The server has the last word. */
export function may(me: Me | undefined, needs: { permission: Permission; role: RolePermission }): boolean {
  if (me === undefined || !me.permissions.includes(needs.permission)) return false
  return me.rolePermissions === null || me.rolePermissions.includes(needs.role)
}
