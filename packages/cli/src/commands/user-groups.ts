import type { ChangeUserGroupBody, UserGroup } from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  noArguments,
  onlyArgument,
  textOption,
  UsageError,
} from '../command.ts'
import { collect } from '../list-output.ts'
import { pickUserGroup, readUserGroups } from '../named-user-groups.ts'
import { renderTable } from '../render/table.ts'
import { done, refuseEmptyChange, runVerb, show } from '../verbs.ts'
import { printUsers } from './users.ts'

export const userGroups: Command = {
  name: 'user-groups',
  args: 'list | members | create | change | delete | add | remove [group] [person…]',
  summary: 'Administer the groups that roles are given to, and who is in them',
  options: {
    name: { type: 'string', value: 'text', help: 'change: its name' },
    description: { type: 'string', value: 'text', help: 'create, change: what it is for' },
    'external-id': {
      type: 'string',
      value: 'id',
      help: 'create, change: group of an external directory; "" for none',
    },
  },
  run: (context) =>
    runVerb(
      {
        list: listUserGroups,
        members: listMembers,
        create: createUserGroup,
        change: changeUserGroup,
        delete: deleteUserGroup,
        add: (given) => changeMembers(given, 'addMember'),
        remove: (given) => changeMembers(given, 'removeMember'),
      },
      context,
    ),
}

async function listUserGroups(context: CommandContext): Promise<number> {
  noArguments(context.args)
  return printUserGroups(context, await readUserGroups(context))
}

async function listMembers(context: CommandContext): Promise<number> {
  const { io, client, json } = context
  const { id, displayName } = await pickUserGroup(context, onlyArgument(context.args, 'user group'))
  const people = await collect(client.access.listMembers(id, { signal: io.signal }))
  if (people.length > 0 || json) return printUsers(context, people)
  io.err(`Nobody is in ${displayName}. Add somebody with: fleetsweep user-groups add <group> <person…>\n`)
  return 0
}

async function createUserGroup(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const body = { displayName: onlyArgument(args, 'name'), ...readBody(options) }
  return printUserGroups(context, await client.access.createUserGroup(body, { signal: io.signal }))
}

async function changeUserGroup(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const displayName = textOption(options, 'name')
  const body = { ...(displayName !== undefined && { displayName }), ...readBody(options) }
  refuseEmptyChange(body, userGroups.options)
  const { id } = await pickUserGroup(context, onlyArgument(args, 'user group'))
  return printUserGroups(context, await client.access.changeUserGroup(id, body, { signal: io.signal }))
}

async function deleteUserGroup(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const { id, displayName } = await pickUserGroup(context, onlyArgument(args, 'user group'))
  await client.access.deleteUserGroup(id, { signal: io.signal })
  return done(context, { id, deleted: true }, `Deleted: ${displayName}.`)
}

async function changeMembers(context: CommandContext, method: 'addMember' | 'removeMember'): Promise<number> {
  const { io, client, args } = context
  const [name, ...people] = args
  if (name === undefined || people.length === 0)
    throw new UsageError('Say which user group and which people.')
  const { id, displayName } = await pickUserGroup(context, name)
  // Everybody is looked up first: a name that is wrong changes nothing.
  const members = []
  for (const person of people) members.push(await client.access.getUser(person, { signal: io.signal }))
  for (const member of members) await client.access[method](id, member.id, { signal: io.signal })
  const names = members.map(({ userPrincipalName }) => userPrincipalName).join(', ')
  const sentence =
    method === 'addMember' ? `In ${displayName} now: ${names}.` : `No more in ${displayName}: ${names}.`
  return done(context, { id, userIds: members.map((member) => member.id) }, sentence)
}

function readBody(options: CommandContext['options']): ChangeUserGroupBody {
  const description = textOption(options, 'description')
  const externalId = textOption(options, 'external-id')
  return {
    ...(description !== undefined && { description }),
    ...(externalId !== undefined && { externalId: externalId === '' ? null : externalId }),
  }
}

function printUserGroups(context: CommandContext, given: UserGroup | UserGroup[]): number {
  const list = Array.isArray(given) ? given : [given]
  return show(context, given, () =>
    renderTable(
      ['User group', 'Description', 'Stands for', 'Id'].map((title) => ({ title })),
      list
        .toSorted((a, b) => a.displayName.localeCompare(b.displayName))
        .map(({ displayName, description, externalId, id }) => [
          displayName,
          description,
          externalId ?? '–',
          id,
        ]),
    ),
  )
}
