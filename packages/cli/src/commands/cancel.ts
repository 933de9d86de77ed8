import { type Command, onlyArgument, textOption } from '../command.ts'
import { renderMachineAction } from '../render/machine-action.ts'

export const cancel: Command = {
  name: 'cancel',
  args: '<action>',
  summary: 'Cancel a machine action that has not ended',
  options: { comment: { type: 'string', value: 'text', help: 'why, for the record' } },
  async run({ io, client, args, options, json }) {
    const id = onlyArgument(args, 'action')
    const comment = textOption(options, 'comment')
    const action = await client.cancelMachineAction(id, comment, { signal: io.signal })
    io.out(json ? `${JSON.stringify(action, null, 2)}\n` : renderMachineAction(action))
    if (!json) io.err(`See when its machine has stopped with: fleetsweep report ${id}\n`)
    return 0
  },
}
