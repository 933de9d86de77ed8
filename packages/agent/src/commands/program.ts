import type { Clock, StopProof } from '@fleetsweep/protocol'
import type { TaskHandlers } from '../actions/task-queue.ts'
import type { AgentConfig, AgentPolicy } from '../config/agent-config.ts'
import type { Engine } from '../engines/engine.ts'
import type { Environment, Host } from '../os/host.ts'
import type { Logger } from '../os/logger.ts'
import type { QuarantineDesk } from '../quarantine/index.ts'
import type { ScanRunner } from '../scan/scan.ts'
import type { ServerMirror, SignatureUpdater } from '../signatures/index.ts'

/** Where the program reads and writes. */
export type ProgramIo = {
  stdout: (text: string) => void
  stderr: (text: string) => void
  /** How wide the terminal is that shows `stderr`; `undefined`, or absent, where none does. */
  columns?: () => number | undefined
  /** Aborted when the program is asked to end. */
  stop: AbortSignal
}

/** What scans files on this machine. */
export type Scanning = {
  engine: Pick<Engine, 'inspect' | typeof Symbol.asyncDispose>
  runScan: ScanRunner
  /** Undefined where nobody wants the agent to keep signatures current. */
  updater?: SignatureUpdater | undefined
  /** Ends what an agent that was killed left running of the engine, and waits for the proof. */
  endLeftovers: () => Promise<StopProof>
  /** Absent where the agent leaves the signatures to others. */
  updateSignatures?: TaskHandlers['updateSignatures']
}

/** The parts that a program is made of; tests put others in. */
export type ProgramParts = {
  /** @returns `undefined` on an operating system that the agent does not know */
  host: (env: Environment) => Host | undefined
  scanning: (options: {
    stateDir: string
    config: AgentConfig
    policy: AgentPolicy
    host: Host
    /** Absent where no signatures will be fetched. */
    serverMirror?: ServerMirror
    /** Absent where no scan will run. */
    quarantine?: QuarantineDesk
    clock: Clock
    random: () => number
    logger: Logger
  }) => Scanning
  clock: Clock
  random: () => number
}

/** Everything that a command gets. */
export type CommandContext = {
  io: ProgramIo
  env: Environment
  host: Host
  parts: ProgramParts
  stateDir: string
  configFile: string
  policyFile: string
  config: AgentConfig
  policy: AgentPolicy
  /** Why configuration or policy cannot be used; only a command that looks into just that goes on then. */
  problems: readonly string[]
  logger: Logger
}

/** The program was called wrongly; the message says how to call it. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UsageError'
  }
}

/** A command could not do its work; the message says what to do. */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(message: string, { exitCode = 1, ...options }: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}
