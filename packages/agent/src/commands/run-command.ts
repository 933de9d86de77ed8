import { createTaskHandlers } from '../actions/task-handlers.ts'
import { createAgent } from '../agent.ts'
import { HandQuarantine } from '../control/hand-quarantine.ts'
import type { Identity } from '../enrollment/identity.ts'
import { readIdentity, setIdentityAside, writeIdentity } from '../enrollment/identity-file.ts'
import { Journal } from '../journal/journal.ts'
import { openJournalFile } from '../journal/journal-file.ts'
import { LocalLog } from '../local-log/index.ts'
import { makePrivateFolder } from '../os/durable-file.ts'
import type { Host } from '../os/host.ts'
import { lockState } from '../os/state-lock.ts'
import { keepRetention, openQuarantine, quarantineNews } from '../quarantine/index.ts'
import { ServerMirror } from '../signatures/index.ts'
import { type CommandContext, CommandError } from './program.ts'

/** `fleetsweep-agent run`: the agent itself, until it is asked to end. */
export async function runRunCommand(context: CommandContext): Promise<void> {
  const { io, host, parts, stateDir, config, policy, logger } = context
  const { clock, random } = parts
  makePrivateFolder(stateDir)
  using lock = lockState(stateDir)
  if (lock === undefined) throw new CommandError(`Another agent is running on ${stateDir}.`)
  const identity = await requireIdentity(stateDir, host)
  const opened = await quarantineOf(context)
  using _retention = 'unavailable' in opened ? undefined : keepRetention(opened, clock, logger)
  // People at the machine still see what is there, and may take it back.
  const quarantine = policy.quarantine === false ? FORBIDDEN : opened
  const serverMirror = new ServerMirror(stateDir, identity)
  const scanning = parts.scanning({
    serverMirror,
    stateDir,
    config,
    policy,
    host,
    quarantine,
    clock,
    random,
    logger,
  })
  await using engine = scanning.engine
  await using updater = scanning.updater
  const owner = `${identity.serverId}/${identity.tenant}/${identity.machineId}`
  const log = new LocalLog(stateDir, clock, logger)
  const { database, setAside } = openJournalFile({ stateDir, owner })
  if (setAside !== undefined) logger.warn({ path: setAside }, 'the journal of another identity was set aside')
  const agent = createAgent({
    stateDir,
    identity,
    keepIdentity: (grown) => writeIdentity(stateDir, grown),
    journal: new Journal(database, clock, log),
    host,
    engine,
    runScan: scanning.runScan,
    endLeftovers: scanning.endLeftovers,
    handQuarantine: new HandQuarantine(opened, log),
    taskHandlers: createTaskHandlers({ ...scanning, quarantine, policy }),
    quarantineNews: quarantineNews(stateDir, opened),
    policy,
    onSettings: ({ signatureMirror }) => serverMirror.note(signatureMirror),
    clock,
    random,
    logger,
  })
  // Timers of the clock do not keep the process alive; between two connections nothing else would.
  const alive = setInterval(() => {}, 3_600_000)
  try {
    await agent.start()
    updater?.start()
    const broken = await Promise.race([agent.broken, aborted(io.stop)])
    if (broken !== undefined)
      throw new CommandError(`The agent cannot go on: ${String(broken)}`, { cause: broken })
  } finally {
    await agent.stop()
    clearInterval(alive)
  }
}

const FORBIDDEN = { unavailable: 'The policy of this machine forbids it.' }

/** A quarantine that cannot be opened keeps no machine from being scanned: detections then say that it cannot. */
async function quarantineOf({ stateDir, parts, logger }: CommandContext) {
  try {
    return await openQuarantine(stateDir, parts.clock)
  } catch (error) {
    logger.error({ err: error }, 'the quarantine cannot be opened')
    return { unavailable: 'The quarantine of this machine cannot be opened; its log says why.' }
  }
}

async function requireIdentity(stateDir: string, host: Host): Promise<Identity> {
  const stored = await readIdentity(stateDir, host)
  switch (stored.kind) {
    case 'enrolled':
      return stored.identity
    case 'none':
    case 'unenrolled':
      throw new CommandError(
        'This machine is not enrolled. Enroll it with: fleetsweep-agent enroll --server URL --token TOKEN',
      )
    case 'unusable':
      throw new CommandError(stored.reason)
    case 'foreign': {
      const path = setIdentityAside(stateDir)
      throw new CommandError(
        `The identity in ${stateDir} was made on another machine, so this one may be a copy of it. It was not used, and ` +
          `is now ${path}. Enroll this machine anew with: fleetsweep-agent enroll --server URL --token TOKEN`,
      )
    }
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
