import { MACHINE_ACTION_STATUSES, type ODataFilter } from '@fleetsweep/protocol'
import {
  type Command,
  type CommandValues,
  onlyArgument,
  textOption,
  UsageError,
  wholeOption,
} from '../command.ts'
import { collect } from '../list-output.ts'
import { renderMachineAction, renderMachineActions } from '../render/machine-action.ts'

const LIMIT = 50

export const actions: Command = {
  name: 'actions',
  args: '[action]',
  summary: 'List machine actions, newest first, or show one',
  options: {
    status: { type: 'string', value: 'status', help: MACHINE_ACTION_STATUSES.join(', ') },
    active: { type: 'boolean', help: 'only Pending and InProgress' },
    machine: { type: 'string', value: 'id', help: 'only of this machine' },
    limit: { type: 'string', value: 'n', help: `at most so many; ${LIMIT} when not given` },
  },
  async run({ io, client, args, options, json }) {
    if (args.length > 0) {
      const action = await client.getMachineAction(onlyArgument(args, 'action'), { signal: io.signal })
      io.out(json ? `${JSON.stringify(action, null, 2)}\n` : renderMachineAction(action))
      return 0
    }
    const limit = wholeOption(options, 'limit', { min: 1, max: 1_000_000 }) ?? LIMIT
    const filter = filterOf(options)
    const list = await collect(
      client.listMachineActions({ ...(filter && { filter }), limit, signal: io.signal }),
    )
    if (json) io.out(`${JSON.stringify(list, null, 2)}\n`)
    else if (list.length === 0) io.err('No such machine actions. Start one with: fleetsweep scan <machine>\n')
    else io.out(renderMachineActions(list))
    return 0
  },
}

function filterOf(options: CommandValues): ODataFilter | undefined {
  const equals = (field: string, text: string): ODataFilter => ({
    kind: 'compare',
    field,
    operator: 'eq',
    value: { kind: 'string', value: text },
  })
  const filters: ODataFilter[] = []
  const status = textOption(options, 'status')
  if (status !== undefined) filters.push(equals('status', readStatus(status)))
  if (options.active === true) {
    const values = ['Pending', 'InProgress'].map((value) => ({ kind: 'string' as const, value }))
    filters.push({ kind: 'in', field: 'status', values })
  }
  const machine = textOption(options, 'machine')
  if (machine !== undefined) filters.push(equals('machineId', machine))
  return filters.length > 1 ? { kind: 'and', operands: filters } : filters[0]
}

function readStatus(text: string): string {
  const status = MACHINE_ACTION_STATUSES.find((one) => one.toLowerCase() === text.toLowerCase())
  if (!status) throw new UsageError(`--status is one of ${MACHINE_ACTION_STATUSES.join(', ')}.`)
  return status
}
