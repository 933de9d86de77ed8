import { ClientError, isSignInError, safeText } from '@fleetsweep/client'
import { type MachineAction, readScanType, type ScanType } from '@fleetsweep/protocol'
import { type Command, type CommandContext, textOption, UsageError } from '../command.ts'
import { describeError } from '../explain.ts'
import { followScans } from '../follow-scans.ts'
import { renderMachineActions } from '../render/machine-action.ts'
import { renderScanReport } from '../render/scan-report.ts'

export const scan: Command = {
  name: 'scan',
  args: '<machine…>',
  summary: 'Ask machines (ids or names) to scan themselves',
  options: {
    type: { type: 'string', value: 'quick|full', help: 'how much to scan; quick when not given' },
    comment: { type: 'string', value: 'text', help: 'why, for the record' },
    wait: { type: 'boolean', help: 'wait for the end and print the reports; fails unless all succeed' },
  },
  async run(context) {
    const { io, client, args, options, json } = context
    const scanType = readScanType(textOption(options, 'type') ?? 'quick')
    if (!scanType) throw new UsageError('--type is quick or full.')
    if (args.length === 0) throw new UsageError('Say which machines, by id or name.')
    const comment = textOption(options, 'comment') ?? 'Requested on the command line'
    const asked = await requestAll(context, { scanType, comment })
    if (options.wait !== true) {
      io.out(
        json ? `${JSON.stringify(asked, null, 2)}\n` : asked.length > 0 ? renderMachineActions(asked) : '',
      )
      return asked.length === args.length ? 0 : 1
    }
    const ended = await followScans(client, asked, io)
    io.out(await describeEnded(context, ended))
    return ended.length === args.length && ended.every(({ status }) => status === 'Succeeded') ? 0 : 1
  },
}

/** One refusal does not keep the other machines from being scanned; it is told and makes the command fail. */
async function requestAll(
  { io, client, args }: CommandContext,
  wanted: { scanType: ScanType; comment: string },
): Promise<MachineAction[]> {
  const actions: MachineAction[] = []
  for (const machine of args) {
    try {
      actions.push(await client.runAntivirusScan(machine, wanted, { signal: io.signal }))
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      // Without an answer or a token the next machine would fare no better.
      if (error.status === undefined || isSignInError(error)) throw error
      io.err(`${safeText(machine)}: ${refusalOf(machine, error)}\n`)
    }
  }
  return actions
}

function refusalOf(machine: string, error: ClientError): string {
  return error.code === 'ResourceNotFound'
    ? `No machine "${safeText(machine)}" within your reach. See the ones you can reach with: fleetsweep machines`
    : describeError(error)
}

/** The reports; for somebody who may ask for scans and not read them, what the actions themselves say. */
async function describeEnded(
  { io, client, json }: CommandContext,
  ended: readonly MachineAction[],
): Promise<string> {
  try {
    const scans = await Promise.all(ended.map(({ id }) => client.getScan(id, { signal: io.signal })))
    return json ? `${JSON.stringify(scans, null, 2)}\n` : scans.map(renderScanReport).join('\n')
  } catch (error) {
    if (json || !(error instanceof ClientError) || error.code !== 'Forbidden') throw error
    io.err(`The scans have ended; their reports are not for you: ${safeText(error.message)}.\n`)
    return renderMachineActions([...ended])
  }
}
