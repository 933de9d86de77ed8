import { randomUUID } from 'node:crypto'
import { safeText } from '@fleetsweep/client'
import { QUARANTINE_STATES, type QuarantineState, type RequestedTask } from '@fleetsweep/protocol'
import {
  type Command,
  type CommandContext,
  type CommandValues,
  noArguments,
  onlyArgument,
  textOption,
  UsageError,
} from '../command.ts'
import { followTasks } from '../follow-tasks.ts'
import { collect } from '../list-output.ts'
import { renderQuarantine } from '../render/machine-task.ts'
import { runVerb } from '../verbs.ts'

export const quarantine: Command = {
  name: 'quarantine',
  args: 'list | add <detection> | restore <file>',
  summary: 'Look at what machines keep in quarantine, move files there and give them back',
  options: {
    machine: { type: 'string', value: 'id', help: 'list: only on this machine' },
    state: { type: 'string', value: 'state', help: `list: ${QUARANTINE_STATES.join(', ')}` },
    comment: { type: 'string', value: 'text', help: 'add, restore: why, for the record' },
    wait: { type: 'boolean', help: 'add, restore: wait for the end; fails unless it succeeds' },
  },
  run: (context) => runVerb({ list, add, restore }, context),
}

async function list({ io, client, args, options, json }: CommandContext): Promise<number> {
  noArguments(args)
  const machineId = textOption(options, 'machine')
  const state = readState(options)
  const only = { ...(machineId && { machineId }), ...(state && { state }) }
  const files = await collect(client.quarantine.list(only, { signal: io.signal }))
  if (json) io.out(`${JSON.stringify(files, null, 2)}\n`)
  else if (files.length === 0) io.err('No such files. What scans have found is in: fleetsweep detections\n')
  else io.out(renderQuarantine(files))
  return 0
}

function add(context: CommandContext): Promise<number> {
  return ask(context, 'detection', (id, body, how) => context.client.quarantine.add(id, body, how))
}

function restore(context: CommandContext): Promise<number> {
  return ask(context, 'file', (id, body, how) => context.client.quarantine.restore(id, body, how))
}

type Ask = (
  id: string,
  body: { comment: string },
  how: { idempotencyKey: string; signal: AbortSignal },
) => Promise<RequestedTask>

async function ask(context: CommandContext, what: string, request: Ask): Promise<number> {
  const { io, args, options } = context
  const id = onlyArgument(args, what)
  const comment = textOption(options, 'comment') ?? 'Requested on the command line'
  const asked = await request(id, { comment }, { idempotencyKey: randomUUID(), signal: io.signal })
  return followTasks(context, [asked])
}

function readState(options: CommandValues): QuarantineState | undefined {
  const text = textOption(options, 'state')
  const state = QUARANTINE_STATES.find((one) => one === text?.toLowerCase())
  if (text !== undefined && state === undefined) {
    throw new UsageError(`--state is one of ${QUARANTINE_STATES.join(', ')}, not "${safeText(text)}".`)
  }
  return state
}
