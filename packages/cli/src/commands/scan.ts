import { randomUUID } from 'node:crypto'
import { ClientError, type FleetsweepClient, isSignInError, safeText } from '@fleetsweep/client'
import { type MachineAction, type RequestScanBody, SCAN_TYPES } from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  type CommandValues,
  textOption,
  textsOption,
  UsageError,
} from '../command.ts'
import { describeError } from '../explain.ts'
import { followScans } from '../follow-scans.ts'
import { renderMachineActions } from '../render/machine-action.ts'
import { renderScanReport } from '../render/scan-report.ts'

export const scan: Command = {
  name: 'scan',
  args: '<machine…>',
  summary: 'Ask machines (ids or names) to scan themselves',
  options: {
    type: {
      type: 'string',
      value: 'quick|full|custom',
      help: 'how much to scan; custom with --path, else quick when not given',
    },
    path: {
      type: 'string',
      multiple: true,
      value: 'path',
      help: 'a folder or file of a custom scan, on the machines; repeatable',
    },
    rescan: { type: 'boolean', help: 'read every file again, also those known not to have changed' },
    comment: { type: 'string', value: 'text', help: 'why, for the record' },
    wait: { type: 'boolean', help: 'wait for the end and print the reports; fails unless all succeed' },
  },
  async run(context) {
    const { io, client, args, options, json } = context
    const wanted = readWanted(options)
    if (args.length === 0) throw new UsageError('Say which machines, by id or name.')
    const asked = await requestAll(context, wanted)
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

function readWanted(options: CommandValues): RequestScanBody {
  const paths = textsOption(options, 'path')
  const type = textOption(options, 'type') ?? (paths.length > 0 ? 'custom' : 'quick')
  const scanType = SCAN_TYPES.find((known) => known.toLowerCase() === type.toLowerCase())
  if (!scanType) throw new UsageError('--type is quick, full or custom.')
  if ((scanType === 'Custom') !== paths.length > 0) {
    throw new UsageError('--path goes with --type custom: it says what is scanned.')
  }
  const comment = textOption(options, 'comment') ?? 'Requested on the command line'
  return {
    scanType,
    comment,
    ...(paths.length > 0 && { paths }),
    ...(options.rescan === true && { rescan: true }),
  }
}

/** One refusal does not keep the other machines from being scanned; it is told and makes the command fail. */
async function requestAll(
  { io, client, args }: CommandContext,
  wanted: RequestScanBody,
): Promise<MachineAction[]> {
  const actions: MachineAction[] = []
  for (const machine of args) {
    try {
      actions.push(await request(client, machine, wanted, io.signal))
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      // Without an answer or a token the next machine would fare no better.
      if (error.status === undefined || isSignInError(error)) throw error
      io.err(`${safeText(machine)}: ${refusalOf(machine, error)}\n`)
    }
  }
  return actions
}

/** By the Defender API where that can say it: then the same permissions are enough as for any of its clients. */
async function request(
  client: FleetsweepClient,
  machine: string,
  wanted: RequestScanBody,
  signal: AbortSignal,
): Promise<MachineAction> {
  const { scanType, comment, paths, rescan } = wanted
  if (paths === undefined && rescan === undefined) {
    return client.runAntivirusScan(machine, { scanType, comment }, { signal })
  }
  const { actionId } = await client.requestScan(machine, wanted, { idempotencyKey: randomUUID(), signal })
  return client.getMachineAction(actionId, { signal })
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
