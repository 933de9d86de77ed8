import { randomUUID } from 'node:crypto'
import type { RequestedTask } from '@fleetsweep/protocol'
import { type Command, type CommandContext, textOption, UsageError } from '../command.ts'
import { followTasks } from '../follow-tasks.ts'
import { runVerb } from '../verbs.ts'

export const signatures: Command = {
  name: 'signatures',
  args: 'update <machine…>',
  summary: 'Have machines (ids or names) bring their signatures up to date',
  options: {
    comment: { type: 'string', value: 'text', help: 'why, for the record' },
    wait: { type: 'boolean', help: 'wait for the end; fails unless all succeed' },
  },
  run: (context) => runVerb({ update }, context),
}

async function update(context: CommandContext): Promise<number> {
  const { io, client, args, options } = context
  if (args.length === 0) throw new UsageError('Say which machines, by id or name.')
  const comment = textOption(options, 'comment') ?? 'Requested on the command line'
  const asked: RequestedTask[] = []
  for (const machine of args) {
    const how = { idempotencyKey: randomUUID(), signal: io.signal }
    asked.push(await client.machineTasks.updateSignatures(machine, { comment }, how))
  }
  return followTasks(context, asked)
}
