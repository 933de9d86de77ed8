import { safeText } from '@fleetsweep/client'
import { type CreateEnrollmentTokenBody, type EnrollmentToken, installCommand } from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  noArguments,
  onlyArgument,
  textOption,
  textsOption,
  UsageError,
  wholeOption,
} from '../command.ts'
import { collect } from '../list-output.ts'
import { formatMoment } from '../render/moment.ts'
import { renderTable } from '../render/table.ts'

export const tokens: Command = {
  name: 'tokens',
  args: 'create | list | revoke <token id>',
  summary: 'Create, list and revoke the tokens that machines enroll with',
  options: {
    description: { type: 'string', value: 'text', help: 'create: what it is for' },
    uses: { type: 'string', value: 'n', help: 'create: machines that may use it; 1 when not given' },
    expires: { type: 'string', value: 'time', help: 'create: such as 30m, 12h or 7d; a day when not given' },
    tag: { type: 'string', multiple: true, value: 'tag', help: 'create: given to its machines; repeatable' },
    command: { type: 'boolean', help: 'create: print what to paste on a machine to install the agent there' },
    replace: { type: 'string', value: 'machine id', help: 'create: for the one machine that lost its key' },
  },
  async run(context) {
    const [verb, ...args] = context.args
    switch (verb) {
      case 'create':
        return createToken({ ...context, args })
      case 'list':
        return listTokens({ ...context, args })
      case 'revoke':
        return revokeToken({ ...context, args })
      default:
        throw new UsageError('Say create, list or revoke.')
    }
  },
}

async function createToken({ io, client, args, options, json }: CommandContext): Promise<number> {
  noArguments(args)
  const description = textOption(options, 'description')
  const maxUses = wholeOption(options, 'uses', { min: 1, max: 100_000 })
  const expires = textOption(options, 'expires')
  const tags = textsOption(options, 'tag')
  const replaceMachineId = textOption(options, 'replace')
  const body: CreateEnrollmentTokenBody = {
    ...(description !== undefined && { description }),
    ...(maxUses !== undefined && { maxUses }),
    ...(expires !== undefined && { expiresInMinutes: readMinutes(expires) }),
    ...(tags.length > 0 && { tags }),
    ...(replaceMachineId !== undefined && { replaceMachineId }),
  }
  const created = await client.createEnrollmentToken(body, { signal: io.signal })
  const command = options.command === true ? installCommand(client.baseUrl, created.token) : undefined
  if (json) io.out(`${JSON.stringify({ ...created, ...(command && { command }) }, null, 2)}\n`)
  else {
    // One thing alone on stdout, so that a script can take it; it is never shown again.
    io.err(
      `Token ${created.id}, for ${created.maxUses} machine(s), until ${formatMoment(created.expiresAt)}. It is shown this once:\n`,
    )
    io.out(`${command ?? safeText(created.token)}\n`)
    io.err(command === undefined ? ENROLL_HINT : whereToPaste(client.baseUrl))
  }
  return 0
}

const ENROLL_HINT =
  'On a machine that has the agent: fleetsweep-agent enroll, with this server and this token. To install it there, too: fleetsweep tokens create --command\n'

function whereToPaste(url: string): string {
  const paste =
    'Paste this line into a shell of the machine. Options of install.sh may follow, such as --start.\n'
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
    ? `${paste}It leads to ${hostname}, which is another place on every machine: give --url with the address by which machines reach the server.\n`
    : paste
}

async function listTokens({ io, client, args, json }: CommandContext): Promise<number> {
  noArguments(args)
  const list = await collect(client.listEnrollmentTokens({ signal: io.signal }))
  if (json) io.out(`${JSON.stringify(list, null, 2)}\n`)
  else if (list.length === 0) io.err('No enrollment tokens. Create one with: fleetsweep tokens create\n')
  else {
    io.out(
      renderTable(
        [
          { title: 'Token' },
          { title: 'Description' },
          { title: 'Used', align: 'right' },
          { title: 'Expires' },
          { title: 'Revoked' },
          { title: 'Tags' },
          { title: 'Created by' },
        ],
        list.map(tokenRow),
      ),
    )
  }
  return 0
}

async function revokeToken({ io, client, args, json }: CommandContext): Promise<number> {
  const id = onlyArgument(args, 'token id')
  await client.revokeEnrollmentToken(id, { signal: io.signal })
  if (json) io.out(`${JSON.stringify({ id, revoked: true })}\n`)
  else io.err(`Revoked: no machine can enroll with ${safeText(id)} any more.\n`)
  return 0
}

function tokenRow(token: EnrollmentToken): string[] {
  return [
    token.id,
    token.description,
    `${token.uses} of ${token.maxUses}`,
    formatMoment(token.expiresAt),
    formatMoment(token.revokedAt),
    token.tags.join(', '),
    token.createdBy,
  ]
}

function readMinutes(text: string): number {
  const match = /^(\d{1,6})([mhd])$/.exec(text)
  const minutes = Number(match?.[1]) * ({ m: 1, h: 60, d: 1_440 }[match?.[2] ?? ''] ?? Number.NaN)
  if (!(minutes >= 1 && minutes <= 129_600)) {
    throw new UsageError('--expires is a time from 1m to 90d, such as 30m, 12h or 7d.')
  }
  return minutes
}
