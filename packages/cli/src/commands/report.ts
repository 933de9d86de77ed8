import { type Command, onlyArgument } from '../command.ts'
import { followScans } from '../follow-scans.ts'
import { renderScanReport } from '../render/scan-report.ts'

export const report: Command = {
  name: 'report',
  args: '<action>',
  summary: 'Show what a scan read, what it left out and what it found',
  options: { wait: { type: 'boolean', help: 'wait for its end first' } },
  async run({ io, client, args, options, json }) {
    const id = onlyArgument(args, 'action')
    if (options.wait === true) {
      await followScans(client, [await client.getMachineAction(id, { signal: io.signal })], io)
    }
    const scan = await client.getScan(id, { signal: io.signal })
    io.out(json ? `${JSON.stringify(scan, null, 2)}\n` : renderScanReport(scan))
    return 0
  },
}
