import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { formatInstant, instantFromMs, renderFilePath } from '@fleetsweep/protocol'
import { lockState } from '../os/state-lock.ts'
import { openQuarantine, pathOf } from '../quarantine/index.ts'
import { type CommandContext, CommandError, UsageError } from './program.ts'

export type QuarantineArguments = {
  /** What follows the command: `list`, `add FILE` or `restore ID`. */
  words: readonly string[]
  to: string | undefined
  force: boolean
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
  const { io, stateDir, parts } = context
  if (!existsSync(stateDir)) throw new CommandError(`There is no state folder ${stateDir}.`)
  using lock = lockState(stateDir)
  if (lock === undefined)
    throw new CommandError('The agent is running and holds the quarantine. Stop it first, then ask again.')
  const quarantine = await openQuarantine(stateDir, parts.clock)
  if ('unavailable' in quarantine) throw new CommandError(quarantine.unavailable)
  if (verb === 'list' || what === undefined) {
    for (const record of quarantine.list()) {
      const at = formatInstant(instantFromMs(record.takenAtMs))
      const words = [record.id, record.stage, at, record.threatName, renderFilePath(pathOf(record)).text]
      io.stdout(`${words.join('  ')}\n`)
    }
  } else if (verb === 'add') {
    const request = { threatName: 'by hand', actionId: null, takenBy: 'local', force: args.force }
    const taken = await quarantine.take({ path: Buffer.from(resolve(what)), ...request })
    if (taken.kind === 'refused') throw new CommandError(`${what} stays where it is. ${taken.why}`)
    const { id, otherNames } = taken.record
    io.stdout(`${id}\n`)
    if (otherNames > 0) io.stderr(`The same file is still there under ${otherNames} other name(s).\n`)
  } else {
    const to = args.to === undefined ? {} : { to: Buffer.from(resolve(args.to)) }
    const restored = await quarantine.restore({ id: what, overwrite: args.force, ...to })
    if (restored.kind === 'refused') throw new CommandError(`It stays in quarantine. ${restored.why}`)
    if (restored.missing.length > 0)
      io.stderr(`The system did not take back these attributes: ${restored.missing.join(', ')}\n`)
  }
}
