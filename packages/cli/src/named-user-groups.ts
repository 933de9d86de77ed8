import type { UserGroup } from '@fleetsweep/protocol'
import { type CommandContext, textsOption } from './command.ts'
import { collect } from './list-output.ts'
import { pick } from './verbs.ts'

const KIND = { what: 'user group', command: 'user-groups' }

export function readUserGroups({ io, client }: CommandContext): Promise<UserGroup[]> {
  return collect(client.access.listUserGroups({ signal: io.signal }))
}

/** The user group that somebody means by name or id. */
export async function pickUserGroup(context: CommandContext, name: string): Promise<UserGroup> {
  return pick(await readUserGroups(context), name, KIND)
}

/** The ids of the user groups that `--user-group` names; undefined when it does not stand there. */
export async function userGroupIdsOf(context: CommandContext): Promise<string[] | undefined> {
  const names = textsOption(context.options, 'user-group')
  if (names.length === 0) return undefined
  const all = await readUserGroups(context)
  return names.map((name) => pick(all, name, KIND).id)
}

/** What names user groups in a table, by their ids. A program gets ids alone, so nothing is asked for it. */
export async function userGroupNames(context: CommandContext): Promise<(ids: readonly string[]) => string> {
  const groups = context.json ? [] : await readUserGroups(context)
  const names = new Map(groups.map(({ id, displayName }) => [id, displayName]))
  return (ids) => ids.map((id) => names.get(id) ?? id).join(', ')
}
