import { type Command, onlyArgument, wholeOption } from '../command.ts'
import { collect } from '../list-output.ts'
import { renderMachineTasks } from '../render/machine-task.ts'
import { show } from '../verbs.ts'

const LIMIT = 50

export const tasks: Command = {
  name: 'tasks',
  args: '<machine>',
  summary: 'List what a machine was asked for beside scans, newest first',
  options: {
    limit: { type: 'string', value: 'n', help: `at most so many; ${LIMIT} when not given` },
  },
  async run(context) {
    const { io, client, args, options } = context
    const machine = onlyArgument(args, 'machine')
    const limit = wholeOption(options, 'limit', { min: 1, max: 1_000_000 }) ?? LIMIT
    const list = await collect(client.machineTasks.list(machine, { signal: io.signal }), limit)
    if (list.length === 0 && !context.json) io.err('It was asked for nothing but scans.\n')
    return list.length === 0 && !context.json ? 0 : show(context, list, renderMachineTasks)
  },
}
