import { resolve } from 'node:path'
import { formatInstant, instantFromMs } from '@fleetsweep/protocol'
import type { TSchema } from 'typebox'
import { askAgent } from '../control/ask-agent.ts'
import { HandQuarantine } from '../control/hand-quarantine.ts'
import { QuarantineAdded, QuarantinePage, QuarantineRestored } from '../control/quarantine-messages.ts'
import { LazySchema } from '../kit/lazy-schema.ts'
import { LocalLog } from '../local-log/index.ts'
import { lockState } from '../os/state-lock.ts'
import { openQuarantine } from '../quarantine/index.ts'
import { safeText } from '../status/words.ts'
import { type CommandContext, UsageError } from './program.ts'
import { requireState } from './require-state.ts'
import { whoAsks } from './who-asks.ts'

export type QuarantineArguments = {
  /** What follows the command: `list`, `add FILE` or `restore ID`. */
  words: readonly string[]
  to: string | undefined
  force: boolean
}

/** The quarantine, whoever holds it. */
type Quarantine = {
  list: (ask: Parameters<HandQuarantine['list']>[0]) => QuarantinePage | Promise<QuarantinePage>
  add: HandQuarantine['add']
  restore: HandQuarantine['restore']
}

/** `fleetsweep-agent quarantine`: what is kept out of reach on this machine, and its way in and out. */
export async function runQuarantineCommand(
  context: CommandContext,
  args: QuarantineArguments,
): Promise<void> {
  const [verb = 'list', what, ...rest] = args.words
  const isComplete = verb === 'list' ? what === undefined : what !== undefined && rest.length === 0
  if (!['list', 'add', 'restore'].includes(verb) || !isComplete)
    throw new UsageError('Say quarantine list, quarantine add FILE or quarantine restore ID.')
  const { stateDir } = context
  requireState(stateDir)
  using lock = lockState(stateDir)
  const quarantine = lock === undefined ? ofTheAgent(stateDir) : await ofOurOwn(context)
  if (what === undefined) await list(context, quarantine)
  else if (verb === 'add') await add(context, quarantine, what, args.force)
  else await restore(context, quarantine, what, args)
}

async function list({ io }: CommandContext, quarantine: Quarantine): Promise<void> {
  for (let from: number | null = 0; from !== null; ) {
    const page: QuarantinePage = await quarantine.list({ from })
    for (const { id, stage, takenAtMs, threatName, path } of page.items) {
      const at = formatInstant(instantFromMs(takenAtMs))
      io.stdout(`${[id, stage, at, safeText(threatName), path].join('  ')}\n`)
    }
    from = page.next
  }
}

async function add(
  { io }: CommandContext,
  quarantine: Quarantine,
  file: string,
  force: boolean,
): Promise<void> {
  const { id, otherNames } = await quarantine.add({ path: resolve(file), force, requestor: whoAsks() })
  io.stdout(`${id}\n`)
  if (otherNames > 0) io.stderr(`The same file is still there under ${otherNames} other name(s).\n`)
}

async function restore(
  { io }: CommandContext,
  quarantine: Quarantine,
  id: string,
  { to, force }: Pick<QuarantineArguments, 'to' | 'force'>,
): Promise<void> {
  const place = to === undefined ? null : resolve(to)
  const { missing } = await quarantine.restore({ id, to: place, force, requestor: whoAsks() })
  if (missing.length > 0) io.stderr(`The system did not take back these attributes: ${missing.join(', ')}\n`)
}

/** While no agent runs: its folder is locked by this program, and what a crash cut short is brought to rest. */
async function ofOurOwn({ stateDir, parts, logger }: CommandContext): Promise<HandQuarantine> {
  const quarantine = await openQuarantine(stateDir, parts.clock)
  return new HandQuarantine(quarantine, new LocalLog(stateDir, parts.clock, logger))
}

function ofTheAgent(stateDir: string): Quarantine {
  const ask = async <Answer extends TSchema>(answer: Answer, command: string, args: unknown) =>
    new LazySchema(answer).Parse(await askAgent({ stateDir, command, args }))
  return {
    list: (args) => ask(QuarantinePage, 'quarantineList', args),
    add: (args) => ask(QuarantineAdded, 'quarantineAdd', args),
    restore: (args) => ask(QuarantineRestored, 'quarantineRestore', args),
  }
}
