import { safeText } from '@fleetsweep/client'
import type { User } from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  noArguments,
  onlyArgument,
  textOption,
  UsageError,
} from '../command.ts'
import { collect } from '../list-output.ts'
import { userGroupIdsOf, userGroupNames } from '../named-user-groups.ts'
import { formatMoment } from '../render/moment.ts'
import { renderTable } from '../render/table.ts'
import { done, runVerb, show } from '../verbs.ts'

export const users: Command = {
  name: 'users',
  args: 'list | show | create | change | link | disable | enable | delete [person]',
  summary: 'Administer the people who may sign in',
  options: {
    name: { type: 'string', value: 'text', help: 'create, change: display name' },
    'user-group': {
      type: 'string',
      multiple: true,
      value: 'group',
      help: 'create: user group to be in, by name or id; repeatable',
    },
  },
  run: (context) =>
    runVerb(
      {
        list: listUsers,
        show: showUser,
        create: createUser,
        change: changeUser,
        link: makeLink,
        disable: (given) => setDisabled(given, true),
        enable: (given) => setDisabled(given, false),
        delete: deleteUser,
      },
      context,
    ),
}

async function listUsers(context: CommandContext): Promise<number> {
  noArguments(context.args)
  const list = await collect(context.client.access.listUsers({ signal: context.io.signal }))
  if (list.length === 0 && !context.json) {
    context.io.err('No people yet. Add somebody with: fleetsweep users create <name@domain> --name <text>\n')
    return 0
  }
  return printUsers(context, list)
}

async function showUser(context: CommandContext): Promise<number> {
  const name = onlyArgument(context.args, 'person')
  return printUser(context, await context.client.access.getUser(name, { signal: context.io.signal }))
}

async function createUser(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const userPrincipalName = onlyArgument(args, 'person')
  const displayName = textOption(options, 'name') ?? userPrincipalName.replace(/@.*/, '')
  const userGroupIds = await userGroupIdsOf(context)
  const user = await client.access.createUser(
    { userPrincipalName, displayName, ...(userGroupIds && { userGroupIds }) },
    { signal: io.signal },
  )
  return printUser(context, user)
}

async function makeLink({ io, client, args, json }: CommandContext): Promise<number> {
  const name = onlyArgument(args, 'person')
  const link = await client.access.createPasswordLink(name, { signal: io.signal })
  if (json) io.out(`${JSON.stringify(link, null, 2)}\n`)
  else {
    // The link alone on stdout, so that a script can take it; it is never shown again.
    io.err(
      `On this link, ${safeText(link.userPrincipalName)} chooses a password. It works once, until ${formatMoment(link.expiresAt)}, and is shown this once:\n`,
    )
    io.out(`${safeText(link.url)}\n`)
  }
  return 0
}

async function changeUser(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  const name = onlyArgument(args, 'person')
  const displayName = textOption(options, 'name')
  if (displayName === undefined) throw new UsageError('Say what to change, with --name.')
  return printUser(context, await client.access.changeUser(name, { displayName }, { signal: io.signal }))
}

async function setDisabled(context: CommandContext, disabled: boolean): Promise<number> {
  const { io, client, args } = context
  const name = onlyArgument(args, 'person')
  return printUser(context, await client.access.changeUser(name, { disabled }, { signal: io.signal }))
}

async function deleteUser(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const name = onlyArgument(args, 'person')
  const { id, userPrincipalName } = await client.access.getUser(name, { signal: io.signal })
  await client.access.deleteUser(id, { signal: io.signal })
  return done(context, { id, deleted: true }, `Deleted: ${userPrincipalName}.`)
}

function printUser(context: CommandContext, user: User): Promise<number> {
  return printUsers(context, user)
}

/** People with the names of their groups, which only a table needs. */
export async function printUsers(context: CommandContext, given: User | User[]): Promise<number> {
  const list = Array.isArray(given) ? given : [given]
  const namesOf = await userGroupNames(context)
  return show(context, given, () =>
    renderTable(
      ['Person', 'Name', 'User groups', 'Disabled since', 'Id'].map((title) => ({ title })),
      list
        .toSorted((a, b) => a.userPrincipalName.localeCompare(b.userPrincipalName))
        .map(({ userPrincipalName, displayName, userGroupIds, disabledAt, id }) => [
          userPrincipalName,
          displayName,
          namesOf(userGroupIds),
          formatMoment(disabledAt),
          id,
        ]),
    ),
  )
}
