import {
  DEVICE_VALUES,
  MAX_TAGGED_MACHINES,
  type Machine,
  type ODataFilter,
  readDeviceValue,
  type TagAction,
} from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  noArguments,
  textOption,
  UsageError,
  wholeOption,
} from '../command.ts'
import { collect } from '../list-output.ts'
import { renderMachines } from '../render/machine.ts'
import { runVerb, show } from '../verbs.ts'

export const machines: Command = {
  name: 'machines',
  args: `[--name <beginning>] [--tag <tag>]
       fleetsweep machines find --ip <address> | --tag <tag>
       fleetsweep machines tag add | remove <tag> <machine…>
       fleetsweep machines value ${DEVICE_VALUES.map((value) => value.toLowerCase()).join('|')} <machine>`,
  summary: 'List the machines within your reach, find, tag and value them',
  options: {
    name: { type: 'string', value: 'beginning', help: 'list: only machines whose name begins so' },
    tag: { type: 'string', value: 'tag', help: 'list: only machines with this tag; find: in any case' },
    'starts-with': { type: 'boolean', help: 'find --tag: also tags that only begin so' },
    ip: { type: 'string', value: 'address', help: 'find: machines that had this internal address' },
    at: {
      type: 'string',
      value: 'moment',
      help: 'find --ip: within 15 minutes of it, such as 2026-11-23T08:12:26Z; now when not given',
    },
    limit: { type: 'string', value: 'n', help: 'list, find: at most so many' },
  },
  run: (context) =>
    context.args.length === 0
      ? listMachines(context)
      : runVerb({ find: findMachines, tag: tagMachines, value: valueMachine }, context),
}

async function listMachines(context: CommandContext): Promise<number> {
  const { io, client, options } = context
  const filter = filterOf(textOption(options, 'name'), textOption(options, 'tag'))
  const list = await collect(
    client.listMachines({ ...(filter && { filter }), ...readLimit(context), signal: io.signal }),
  )
  if (list.length === 0 && !filter) {
    return printMachines(context, list, 'No machines. Enroll one with a token from: fleetsweep tokens create')
  }
  return printMachines(context, list, 'No such machines within your reach. See all with: fleetsweep machines')
}

async function findMachines(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  noArguments(args)
  const ip = textOption(options, 'ip')
  const at = textOption(options, 'at')
  const tag = textOption(options, 'tag')
  const startsWith = options['starts-with'] === true
  if ((ip === undefined) === (tag === undefined)) {
    throw new UsageError('Say what to find machines by: --ip or --tag.')
  }
  if (ip === undefined && at !== undefined) throw new UsageError('--at goes with --ip.')
  if (tag === undefined && startsWith) throw new UsageError('--starts-with goes with --tag.')
  const some = { ...readLimit(context), signal: io.signal }
  const found =
    ip === undefined
      ? client.findMachinesByTag(tag ?? '', { startsWith, ...some })
      : client.findMachinesByIp(ip, at ?? new Date(io.nowMs()).toISOString(), some)
  const what = ip === undefined ? 'with such a tag' : 'that had this address then'
  return printMachines(context, await collect(found), `No machines ${what} within your reach.`)
}

function tagMachines(context: CommandContext): Promise<number> {
  const change = (action: TagAction) => async (given: CommandContext) => {
    const { io, client, args } = given
    const [tag, ...named] = args
    if (tag === undefined) throw new UsageError('Say which tag.')
    if (named.length === 0) throw new UsageError('Say which machines, by id or name.')
    const changed: Machine[] = []
    for (let from = 0; from < named.length; from += MAX_TAGGED_MACHINES) {
      const some = named.slice(from, from + MAX_TAGGED_MACHINES)
      changed.push(...(await client.tagMachines(action, tag, some, { signal: io.signal })))
    }
    return show(given, changed, renderMachines)
  }
  return runVerb({ add: change('Add'), remove: change('Remove') }, context)
}

async function valueMachine(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const [text = '', machine, ...more] = args
  const value = readDeviceValue(text)
  if (!value) throw new UsageError(`Say how much it matters: ${DEVICE_VALUES.join(', ')}.`)
  if (machine === undefined) throw new UsageError('Say which machine, by id or name.')
  noArguments(more)
  return show(context, [await client.setDeviceValue(machine, value, { signal: io.signal })], renderMachines)
}

function readLimit({ options }: CommandContext): { limit?: number } {
  const limit = wholeOption(options, 'limit', { min: 1, max: 1_000_000 })
  return limit === undefined ? {} : { limit }
}

async function printMachines(
  context: CommandContext,
  list: readonly Machine[],
  none: string,
): Promise<number> {
  const { io, client, json } = context
  // For programs they are as the API has them.
  if (json) return show(context, list, renderMachines)
  if (list.length > 0) {
    const ids = list.map(({ id }) => id)
    const engines = await client.listEngines(ids, { signal: io.signal })
    return show(context, list, (machines) => renderMachines(machines, engines))
  }
  context.io.err(`${none}\n`)
  return 0
}

function filterOf(name: string | undefined, tag: string | undefined): ODataFilter | undefined {
  const filters: ODataFilter[] = []
  if (name !== undefined) {
    filters.push({ kind: 'match', function: 'startswith', field: 'computerDnsName', value: name })
  }
  if (tag !== undefined) {
    const value = { kind: 'string', value: tag } as const
    const predicate = { kind: 'compare', field: 't', operator: 'eq', value } as const
    filters.push({ kind: 'any', field: 'machineTags', variable: 't', predicate })
  }
  return filters.length > 1 ? { kind: 'and', operands: filters } : filters[0]
}
