import { type Command, noArguments, textOption } from '../command.ts'
import { collect } from '../list-output.ts'
import { renderDetections } from '../render/detections.ts'

export const detections: Command = {
  name: 'detections',
  args: '',
  summary: 'List what scans have found',
  options: {
    action: { type: 'string', value: 'id', help: 'only of this scan' },
    machine: { type: 'string', value: 'id', help: 'only on this machine' },
  },
  async run({ io, client, args, options, json }) {
    noArguments(args)
    const actionId = textOption(options, 'action')
    const machineId = textOption(options, 'machine')
    const only = { ...(actionId && { actionId }), ...(machineId && { machineId }) }
    const list = await collect(client.listDetections(only, { signal: io.signal }))
    if (json) io.out(`${JSON.stringify(list, null, 2)}\n`)
    // Not "clean": that takes a scan, and its report says it.
    else if (list.length === 0)
      io.err('No detections. What a scan left out is in: fleetsweep report <action>\n')
    else io.out(renderDetections(list))
    return 0
  },
}
