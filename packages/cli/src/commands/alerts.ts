import { ALERT_SEVERITIES, ALERT_STATUSES, type ODataFilter } from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  type CommandValues,
  noArguments,
  onlyArgument,
  textOption,
  UsageError,
  wholeOption,
} from '../command.ts'
import { collect } from '../list-output.ts'
import { renderAlert, renderAlerts } from '../render/alert.ts'
import { runVerb, show } from '../verbs.ts'

const LIMIT = 50

export const alerts: Command = {
  name: 'alerts',
  args: 'list | show | resolve [alert]',
  summary: 'List what is to be looked into, newest first, and say when it is done',
  options: {
    open: { type: 'boolean', help: 'list: only what is not Resolved' },
    status: { type: 'string', value: 'status', help: `list: ${ALERT_STATUSES.join(', ')}` },
    severity: { type: 'string', value: 'severity', help: `list: ${ALERT_SEVERITIES.join(', ')}` },
    machine: { type: 'string', value: 'machine', help: 'list: only of this machine, by its id or name' },
    limit: { type: 'string', value: 'n', help: `list: at most so many; ${LIMIT} when not given` },
    comment: { type: 'string', value: 'text', help: 'resolve: why, for the record' },
  },
  run: (context) => runVerb({ list: listAlerts, show: showAlert, resolve: resolveAlert }, context),
}

async function listAlerts(context: CommandContext): Promise<number> {
  const { io, client, args, options, json } = context
  noArguments(args)
  const limit = wholeOption(options, 'limit', { min: 1, max: 1_000_000 }) ?? LIMIT
  const machine = textOption(options, 'machine')
  const filter = filterOf(options)
  const list = await collect(
    client.listAlerts({
      limit,
      signal: io.signal,
      expandEvidence: json,
      ...(machine !== undefined && { machine }),
      ...(filter && { filter }),
    }),
  )
  if (list.length === 0 && !json) {
    // Not "clean": that takes a scan, and its report says it.
    io.err('No such alerts. What a scan left out is in: fleetsweep report <action>\n')
    return 0
  }
  return show(context, list, renderAlerts)
}

async function showAlert(context: CommandContext): Promise<number> {
  const { io, client, args } = context
  const alert = await client.getAlert(onlyArgument(args, 'alert'), { signal: io.signal })
  return show(context, alert, renderAlert)
}

async function resolveAlert(context: CommandContext): Promise<number> {
  const { io, client, args, options, json } = context
  const id = onlyArgument(args, 'alert')
  const comment = textOption(options, 'comment')
  const alert = await client.updateAlert(id, { status: 'Resolved', comment }, { signal: io.signal })
  if (!json) io.err('Resolved. If a scan finds it again, there will be another alert.\n')
  return show(context, alert, renderAlert)
}

function filterOf(options: CommandValues): ODataFilter | undefined {
  const compare = (field: string, operator: 'eq' | 'ne', value: string): ODataFilter => ({
    kind: 'compare',
    field,
    operator,
    value: { kind: 'string', value },
  })
  const status = textOption(options, 'status')
  const severity = textOption(options, 'severity')
  if (status !== undefined && options.open === true) {
    throw new UsageError('--status and --open exclude each other.')
  }
  const operands = [
    ...(options.open === true ? [compare('status', 'ne', 'Resolved')] : []),
    ...(status === undefined ? [] : [compare('status', 'eq', readWord('status', status, ALERT_STATUSES))]),
    ...(severity === undefined
      ? []
      : [compare('severity', 'eq', readWord('severity', severity, ALERT_SEVERITIES))]),
  ]
  return operands.length > 1 ? { kind: 'and', operands } : operands[0]
}

function readWord(option: string, text: string, words: readonly string[]): string {
  const word = words.find((known) => known.toLowerCase() === text.toLowerCase())
  if (word === undefined) throw new UsageError(`--${option} is one of ${words.join(', ')}.`)
  return word
}
