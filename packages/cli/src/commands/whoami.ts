import { safeText } from '@fleetsweep/client'
import type { Me } from '@fleetsweep/protocol'
import { type Command, noArguments } from '../command.ts'
import { show } from '../verbs.ts'

export const whoami: Command = {
  name: 'whoami',
  args: '',
  summary: 'Show who you are to the server, what you may do and where',
  options: {},
  async run(context) {
    noArguments(context.args)
    return show(context, await context.client.access.getMe({ signal: context.io.signal }), renderMe)
  },
}

function renderMe({ kind, id, name, tenant, permissions, rolePermissions, reach }: Me): string {
  const machines = reach.allMachines
    ? 'every machine'
    : reach.deviceGroups.map(({ displayName }) => displayName).join(', ') || 'no machine'
  const lines: [string, string][] = [
    [kind === 'user' ? 'Person' : 'Application', `${name} (${id})`],
    ['Tenant', tenant],
    ['Permissions', permissions.join(', ') || 'none'],
    ...(rolePermissions === null
      ? []
      : [['By role', rolePermissions.join(', ') || 'nothing: no role is assigned'] as [string, string]]),
    ['Reaches', machines],
  ]
  return lines.map(([title, text]) => `${title.padEnd(13)}${safeText(text)}\n`).join('')
}
