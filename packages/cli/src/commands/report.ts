import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { NotScannedFile } from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'
import { type Command, type CommandContext, onlyArgument } from '../command.ts'
import { followScans } from '../follow-scans.ts'
import { renderNotScannedFile, renderScanReport } from '../render/scan-report.ts'

const notScannedFile = Compile(NotScannedFile)

export const report: Command = {
  name: 'report',
  args: '<action>',
  summary: 'Show what a scan read, what it left out and what it found',
  options: {
    wait: { type: 'boolean', help: 'wait for its end first' },
    'not-scanned': {
      type: 'boolean',
      help: 'list every file that it left out; with --json one object a line',
    },
  },
  async run(context) {
    const { io, client, args, options, json } = context
    const id = onlyArgument(args, 'action')
    if (options.wait === true) {
      await followScans(client, [await client.getMachineAction(id, { signal: io.signal })], io)
    }
    if (options['not-scanned'] === true) return listNotScanned(context, id)
    const scan = await client.getScan(id, { signal: io.signal })
    io.out(json ? `${JSON.stringify(scan, null, 2)}\n` : renderScanReport(scan))
    return 0
  },
}

/** Line by line as it comes: the list may hold millions. */
async function listNotScanned({ io, client, json }: CommandContext, id: string): Promise<number> {
  const list = Readable.fromWeb(await client.openNotScanned(id, { signal: io.signal }))
  const text = createGunzip()
  // What goes wrong on the way is told where it is read.
  list.on('error', (error) => text.destroy(error)).pipe(text)
  for await (const line of createInterface({ input: text })) {
    const file: unknown = JSON.parse(line)
    // Of a newer machine: told as it came, rather than not at all.
    io.out(json || !notScannedFile.Check(file) ? `${line}\n` : renderNotScannedFile(file))
  }
  return 0
}
