import { randomUUID } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { formatInstant, instantFromMs, renderFilePath } from '@fleetsweep/protocol'
import { readMountTable } from '../os/mount-table.ts'
import { lockState } from '../os/state-lock.ts'
import { loadFileAttributes, packageOwner, pathOf, Quarantine } from '../quarantine/index.ts'
import { type CommandContext, CommandError, UsageError } from './program.ts'

const GIB = 1024 ** 3
/** What all copies together may take. */
const MAX_BYTES = 2 * GIB
/** After so long a copy is deleted for good. */
const KEEP_DAYS = 90

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
  const { io, stateDir } = context
  if (!existsSync(stateDir)) throw new CommandError(`There is no state folder ${stateDir}.`)
  using lock = lockState(stateDir)
  if (lock === undefined)
    throw new CommandError('The agent is running and holds the quarantine. Stop it first, then ask again.')
  const quarantine = await openQuarantine(context)
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

/** Opens the quarantine of a state folder that is locked, and brings to rest what a crash cut short in it. */
async function openQuarantine({ stateDir, parts }: CommandContext): Promise<Quarantine> {
  const attributes = await loadFileAttributes()
  if ('unavailable' in attributes)
    throw new CommandError(`There is no quarantine on this machine: ${attributes.unavailable}.`)
  const quarantine = new Quarantine({
    folder: join(stateDir, 'quarantine'),
    ownFolders: [realpathSync(stateDir)],
    attributes,
    readMounts: readMountTable,
    packageOwner,
    clock: parts.clock,
    newId: randomUUID,
    maxBytes: MAX_BYTES,
    keepDays: KEEP_DAYS,
  })
  quarantine.recover()
  return quarantine
}
