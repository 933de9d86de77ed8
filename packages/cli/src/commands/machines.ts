import type { ODataFilter } from '@fleetsweep/protocol'
import { type Command, noArguments, textOption, wholeOption } from '../command.ts'
import { collect } from '../list-output.ts'
import { formatMoment } from '../render/moment.ts'
import { renderTable } from '../render/table.ts'

export const machines: Command = {
  name: 'machines',
  args: '',
  summary: 'List the machines within your reach',
  options: {
    name: { type: 'string', value: 'beginning', help: 'only machines whose name begins so' },
    tag: { type: 'string', value: 'tag', help: 'only machines with this tag' },
    limit: { type: 'string', value: 'n', help: 'at most so many' },
  },
  async run({ io, client, args, options, json }) {
    noArguments(args)
    const limit = wholeOption(options, 'limit', { min: 1, max: 1_000_000 })
    const filter = filterOf(textOption(options, 'name'), textOption(options, 'tag'))
    const list = await collect(
      client.listMachines({ ...(filter && { filter }), ...(limit && { limit }), signal: io.signal }),
    )
    if (json) io.out(`${JSON.stringify(list, null, 2)}\n`)
    else if (list.length === 0) {
      io.err(
        filter
          ? 'No such machines within your reach. See all with: fleetsweep machines\n'
          : 'No machines. Enroll one with a token from: fleetsweep tokens create\n',
      )
    } else {
      io.out(
        renderTable(
          ['Machine', 'Name', 'System', 'Health', 'Last seen', 'Agent', 'Tags'].map((title) => ({ title })),
          list.map((machine) => [
            machine.id,
            machine.computerDnsName ?? '–',
            [machine.osPlatform, machine.osVersion].filter((part) => part !== null).join(' '),
            machine.healthStatus,
            formatMoment(machine.lastSeen),
            machine.agentVersion ?? '–',
            machine.machineTags.join(', '),
          ]),
        ),
      )
    }
    return 0
  },
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
