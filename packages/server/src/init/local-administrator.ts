import {
  type Clock,
  type PasswordLink,
  type TenantId,
  type UserId,
  UserPrincipalName,
} from '@fleetsweep/protocol'
import { Value } from 'typebox/value'
import { ConfigError } from '../config/index.ts'
import { inProcessBus } from '../kit/bus.ts'
import { roleService } from '../role/index.ts'
import { newPasswordLink } from '../sign-in/index.ts'
import type { Stores } from '../stores.ts'
import { userService } from '../user/index.ts'
import { userGroupService } from '../user-group/index.ts'
import { localOperator } from './local-operator.ts'

/**
 * Makes somebody an administrator who may sign in, whoever and whatever they were before, in the name of whoever runs
 * the command.
 *
 * @returns a one-time link on which they choose a password
 * @throws ConfigError for a name that is none
 */
export async function linkForAdministrator(
  stores: Stores,
  at: { tenant: TenantId; origin: string },
  userPrincipalName: string,
  parts: { clock: Clock; newId: () => string; randomBytes: (size: number) => Uint8Array },
): Promise<PasswordLink> {
  if (!Value.Check(UserPrincipalName, userPrincipalName)) {
    throw new ConfigError(`"${userPrincipalName}" is not a user name. Write one such as ada@contoso.example.`)
  }
  const { tenant } = at
  const by = localOperator()
  // A running server is another process: it notices by the security epoch.
  const dependencies = { ...parts, bus: inProcessBus() }
  const of = stores.forTenant(tenant)
  const users = userService({ ...dependencies, usersOf: () => of.users })
  const roles = roleService({ ...dependencies, rolesOf: () => of.roles })
  const groups = userGroupService({ ...dependencies, userGroupsOf: () => of.userGroups })

  const { administrators } = await roles.ensureBuiltIns(tenant, by)
  const known = await of.users.findByName(userPrincipalName)
  const user =
    known ?? (await users.create(tenant, by, { userPrincipalName, displayName: userPrincipalName }))
  if (user.disabledAt !== null) await users.change(tenant, by, user.id, { disabled: false })
  await groups.addMember(tenant, by, administrators, user.id)
  const { userPrincipalName: name } = user
  const person = { id: user.id as UserId, userPrincipalName: name }
  return newPasswordLink({ ...parts, credentials: of.credentials }, at, by, person)
}
