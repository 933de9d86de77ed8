import {
  type ChangeRoleBody,
  isRolePermission,
  ROLE_PERMISSIONS,
  type Role,
  type RolePermission,
} from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  noArguments,
  onlyArgument,
  textOption,
  textsOption,
  UsageError,
} from '../command.ts'
import { collect } from '../list-output.ts'
import { userGroupIdsOf, userGroupNames } from '../named-user-groups.ts'
import { renderTable } from '../render/table.ts'
import { done, pick, refuseEmptyChange, runVerb, show } from '../verbs.ts'

const KIND = { what: 'role', command: 'roles' }

export const roles: Command = {
  name: 'roles',
  args: 'list | create | change | delete [role]',
  summary: 'Administer what people may do',
  options: {
    name: { type: 'string', value: 'text', help: 'change: its name' },
    description: { type: 'string', value: 'text', help: 'create, change: what it is for' },
    permission: {
      type: 'string',
      multiple: true,
      value: 'permission',
      help: `create, change: all that it allows; repeatable. ${ROLE_PERMISSIONS.join(', ')}`,
    },
    'user-group': {
      type: 'string',
      multiple: true,
      value: 'group',
      help: 'create, change: all user groups that it is assigned to; repeatable',
    },
    'no-user-groups': { type: 'boolean', help: 'change: assigned to nobody' },
  },
  run: (context) =>
    runVerb({ list: listRoles, create: createRole, change: changeRole, delete: deleteRole }, context),
}

async function listRoles(context: CommandContext): Promise<number> {
  noArguments(context.args)
  return printRoles(context, await readAll(context))
}

async function createRole(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const displayName = onlyArgument(args, 'name')
  const { permissions, ...body } = await readBody(context)
  if (!permissions) throw new UsageError('Give it at least one --permission.')
  const role = await client.access.createRole({ displayName, permissions, ...body }, { signal: io.signal })
  return printRoles(context, role)
}

async function changeRole(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const name = onlyArgument(args, 'role')
  const displayName = textOption(options, 'name')
  const body = { ...(displayName !== undefined && { displayName }), ...(await readBody(context)) }
  refuseEmptyChange(body, roles.options)
  const { id } = pick(await readAll(context), name, KIND)
  return printRoles(context, await client.access.changeRole(id, body, { signal: io.signal }))
}

async function deleteRole(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const { id, displayName } = pick(await readAll(context), onlyArgument(args, 'role'), KIND)
  await client.access.deleteRole(id, { signal: io.signal })
  return done(context, { id, deleted: true }, `Deleted: ${displayName}.`)
}

async function readBody(context: CommandContext): Promise<Omit<ChangeRoleBody, 'displayName'>> {
  const { options } = context
  const description = textOption(options, 'description')
  const permissions = textsOption(options, 'permission').map(readPermission)
  const userGroupIds = await userGroupIdsOf(context)
  if (userGroupIds && options['no-user-groups'] === true) {
    throw new UsageError('--user-group and --no-user-groups exclude each other.')
  }
  return {
    ...(description !== undefined && { description }),
    ...(permissions.length > 0 && { permissions }),
    ...(userGroupIds && { userGroupIds }),
    ...(options['no-user-groups'] === true && { userGroupIds: [] }),
  }
}

function readPermission(text: string): RolePermission {
  const permission = ROLE_PERMISSIONS.find((known) => known.toLowerCase() === text.toLowerCase())
  if (permission !== undefined && isRolePermission(permission)) return permission
  throw new UsageError(`There is no role permission "${text}". There are ${ROLE_PERMISSIONS.join(', ')}.`)
}

function readAll({ io, client }: CommandContext): Promise<Role[]> {
  return collect(client.access.listRoles({ signal: io.signal }))
}

async function printRoles(context: CommandContext, given: Role | Role[]): Promise<number> {
  const list = Array.isArray(given) ? given : [given]
  const namesOf = await userGroupNames(context)
  return show(context, given, () =>
    renderTable(
      ['Role', 'Allows', 'User groups', 'Description', 'Id'].map((title) => ({ title })),
      list
        .toSorted((a, b) => a.displayName.localeCompare(b.displayName))
        .map(({ displayName, isAdministrator, permissions, userGroupIds, description, id }) => [
          displayName,
          isAdministrator ? 'everything' : permissions.join(', '),
          namesOf(userGroupIds),
          description,
          id,
        ]),
    ),
  )
}
