import { join } from 'node:path'
import type { AgentSettings, Clock, Inventory, KeptFile, StopProof } from '@fleetsweep/protocol'
import { ActionQueue } from './actions/action-queue.ts'
import { LocalScans } from './actions/local-scans.ts'
import { type TaskHandlers, TaskQueue } from './actions/task-queue.ts'
import { AttachmentSpool, AttachmentUploader } from './attachments/index.ts'
import type { AgentPolicy } from './config/agent-config.ts'
import { localCommands } from './control/commands.ts'
import { ControlServer } from './control/control-server.ts'
import type { HandQuarantine } from './control/hand-quarantine.ts'
import type { Engine } from './engines/engine.ts'
import type { Identity } from './enrollment/identity.ts'
import { type ConnectionState, GatewayClient } from './gateway/gateway-client.ts'
import { takeInventory } from './inventory.ts'
import type { Journal } from './journal/journal.ts'
import { isLocalActionId } from './journal/local-scan.ts'
import type { Host } from './os/host.ts'
import type { Logger } from './os/logger.ts'
import type { ScanRunner } from './scan/scan.ts'
import type { AgentStatus } from './status/agent-status.ts'
import { StatusFile } from './status/status-file.ts'
import { AGENT_VERSION } from './version.ts'

export type AgentParts = {
  /** Locked by the caller for as long as the agent lives. */
  stateDir: string
  identity: Identity
  keepIdentity: (identity: Identity) => void
  journal: Journal
  host: Host
  engine: Pick<Engine, 'inspect'>
  runScan: ScanRunner
  /**
   * Ends what an agent of this machine that was killed left running of the engine, and waits for the proof. Called once
   * at the start, before any scan; an agent that cannot prove it does not start.
   */
  endLeftovers: () => Promise<StopProof>
  /** The quarantine, for the people at this machine. */
  handQuarantine: HandQuarantine
  /** Carry out what is ordered beside scans. */
  taskHandlers: TaskHandlers
  /** What of the quarantine the server hears of apart from scans and tasks; the same list until that changes. */
  quarantineNews: () => readonly KeptFile[]
  policy: Pick<AgentPolicy, 'windows'>
  /** What the server lets agents know. */
  onSettings: (settings: AgentSettings) => void
  clock: Clock
  /** From 0 to 1; for jitter, never for secrets. */
  random: () => number
  logger: Logger
}

/** The resident part of Fleetsweep on a machine: takes orders, scans, reports. */
export interface Agent {
  /** Settles when what was left behind is closed and the first connection is on its way. */
  start(): Promise<void>
  /** Ends the running scan, which begins again at the next start, and the connection. */
  stop(): Promise<void>
  /** Resolves with the reason when the agent cannot go on: its journal or identity cannot be written. */
  readonly broken: Promise<unknown>
}

/** Puts an agent together. Nothing happens before `start`. */
export function createAgent(parts: AgentParts): Agent {
  const { stateDir, journal, clock, logger } = parts
  const { promise: broken, resolve: onBroken } = Promise.withResolvers<unknown>()
  let connection: AgentStatus['connection'] = { state: 'closed', since: clock.now(), reason: null }
  let engine: Inventory['engine'] | null = null
  let client: GatewayClient | undefined

  const spool = new AttachmentSpool(stateDir)
  const uploader = new AttachmentUploader({ ...parts, spool })

  const queue = new ActionQueue({
    ...parts,
    spool,
    policyWindows: parts.policy.windows ?? [],
    workRoot: join(stateDir, 'work'),
    onEvent: () => {
      client?.tell()
      status.touch()
    },
    onProgress: (actionId, progress) => {
      if (isLocalActionId(actionId)) localScans.tellProgress(actionId, progress)
      else client?.tellProgress(actionId, progress)
      status.touch()
    },
    onLocalEvent: (actionId, event) => localScans.tell(actionId, event),
    onScanEnded: (actionId) => client?.scanEnded(actionId),
    onBroken,
  })

  const localScans = new LocalScans({ queue, journal, clock })

  const tasks = new TaskQueue({
    ...parts,
    handlers: parts.taskHandlers,
    onEvent: () => client?.tell(),
    onBroken,
  })

  const status = new StatusFile(stateDir, clock, () => {
    const waiting = queue.waiting()
    const because = waiting[0]?.progress.because
    return {
      pid: process.pid,
      agentVersion: AGENT_VERSION,
      connection,
      engine,
      scan: queue.running ?? null,
      waiting: waiting.length,
      ...(because && { because }),
    }
  })

  const inventory = async () => {
    const taken = await takeInventory(parts.host, parts.engine, parts.identity.osIdentity)
    engine = taken.engine
    status.touch()
    return taken
  }

  const onState = (state: ConnectionState) => {
    if (state.kind === 'connected') uploader.wake()
    connection = { state: state.kind, since: clock.now(), reason: 'reason' in state ? state.reason : null }
    status.touch()
  }

  const control = new ControlServer(
    stateDir,
    localCommands({ scans: localScans, quarantine: parts.handQuarantine }),
    logger,
  )

  return {
    broken,
    async start() {
      const bootId = await parts.host.bootId()
      logger.info({ machineId: parts.identity.machineId, version: AGENT_VERSION }, 'agent starts')
      await queue.start()
      tasks.start()
      client = new GatewayClient({
        ...parts,
        bootId,
        agentVersion: AGENT_VERSION,
        queue,
        tasks,
        inventory,
        onState,
        // Not sooner: the server takes no list before the report that names it.
        onTold: () => uploader.wake(),
        onBroken,
      })
      client.start()
      await control.start()
    },
    async stop() {
      await queue.close()
      await tasks.close()
      localScans.close()
      await control.close()
      await client?.close()
      await uploader.close()
      status.close()
      journal[Symbol.dispose]()
      logger.info({}, 'agent ended')
    },
  }
}
