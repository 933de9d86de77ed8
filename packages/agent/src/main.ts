import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runDoctorCommand } from './commands/doctor-command.ts'
import { runEnrollCommand } from './commands/enroll-command.ts'
import { runHistoryCommand } from './commands/history-command.ts'
import {
  type CommandContext,
  CommandError,
  type ProgramIo,
  type ProgramParts,
  UsageError,
} from './commands/program.ts'
import { runQuarantineCommand } from './commands/quarantine-command.ts'
import { runRunCommand } from './commands/run-command.ts'
import { runScanCommand } from './commands/scan-command.ts'
import { runStatusCommand } from './commands/status-command.ts'
import { ConfigError, readAgentConfig, readAgentPolicy } from './config/agent-config.ts'
import { ControlRefusal } from './control/control-command.ts'
import { EnrollmentError } from './enrollment/enrollment-error.ts'
import type { Environment, Host } from './os/host.ts'
import { createLogger } from './os/logger.ts'
import { defaultPaths } from './os/paths.ts'
import { AGENT_VERSION } from './version.ts'

export const EXIT_DONE = 0
export const EXIT_FAILED = 1
export const EXIT_MISUSED = 2

const HELP = `fleetsweep-agent ${AGENT_VERSION}: runs antivirus scans on this machine for a Fleetsweep server

  fleetsweep-agent enroll --server URL --token TOKEN   give this machine an identity
      --ca FILE           trust this certificate authority (PEM) for the server, and no other
      --new-key           with a token made to replace this machine's key: set the old one aside
      --insecure-http     allow http:// to another machine: everybody on the way can read along
  fleetsweep-agent run                                 take orders until told to end
  fleetsweep-agent status                              what this machine is, does and did last
      --json              for programs
  fleetsweep-agent scan [PATH…]                        have the running agent scan these paths, or with no path
                                                       where threats settle first
      --full, --quick     everything, or as with no path
      --rescan            read files again that are known not to have changed
      --stop              end the scans that were asked for on this machine
      --json              for programs. Exits with 0 clean, 1 found, 2 not done, 3 nothing found but not clean
  fleetsweep-agent history                             what this machine was asked, by whom, and what came of it
      --limit N           so many, the newest first; 20 without it
      --json              for programs
  fleetsweep-agent doctor                              what stands in the agent's way here, and what to do about it
      --json              for programs. Exits with 1 where something fails
  fleetsweep-agent quarantine list | add FILE | restore ID
                                                       files kept out of reach
      --to FILE           restore to another place
      --force             add a file of a package; restore over a file that is there
  fleetsweep-agent uninstall                           remove the agent that install.sh brought
      --purge             with the files in quarantine, agent.toml and policy.toml

  with every command but uninstall
      --state DIR         folder for identity, journal and work
      --config FILE       configuration (TOML); policy.toml beside it narrows what may be scanned
  fleetsweep-agent --version | --help

The token may also be in the variable FLEETSWEEP_ENROLLMENT_TOKEN, where other users cannot see it.
`

const OPTIONS = {
  server: { type: 'string' },
  token: { type: 'string' },
  ca: { type: 'string' },
  'insecure-http': { type: 'boolean' },
  'new-key': { type: 'boolean' },
  state: { type: 'string' },
  config: { type: 'string' },
  json: { type: 'boolean' },
  full: { type: 'boolean' },
  quick: { type: 'boolean' },
  rescan: { type: 'boolean' },
  stop: { type: 'boolean' },
  limit: { type: 'string' },
  to: { type: 'string' },
  force: { type: 'boolean' },
  purge: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Values = Omit<ReturnType<typeof parse>['values'], 'help' | 'version'>

type Command = {
  options: readonly (keyof Values)[]
  /** True for one that takes words beside its options. */
  takesWords?: true
  /** True for one that goes on with a configuration that cannot be used, as if there were none. */
  toleratesProblems?: true
  /** @returns an exit code that is not `EXIT_DONE` */
  run: (context: CommandContext, values: Values, words: readonly string[]) => Promise<number | undefined>
}

const COMMANDS: Record<string, Command> = {
  enroll: {
    options: ['server', 'token', 'ca', 'insecure-http', 'new-key'],
    run: async (context, { server, token, ca, ...values }) => {
      const { 'insecure-http': insecureHttp = false, 'new-key': newKey = false } = values
      await runEnrollCommand(context, { server, token, ca, insecureHttp, newKey })
      return undefined
    },
  },
  run: {
    options: [],
    run: async (context) => {
      await runRunCommand(context)
      return undefined
    },
  },
  status: {
    options: ['json'],
    run: async (context, { json = false }) => {
      await runStatusCommand(context, { json })
      return undefined
    },
  },
  history: {
    options: ['json', 'limit'],
    run: async (context, { json = false, limit }) => {
      await runHistoryCommand(context, { json, limit })
      return undefined
    },
  },
  doctor: {
    options: ['json'],
    toleratesProblems: true,
    run: (context, { json = false }) => runDoctorCommand(context, { json }),
  },
  scan: {
    options: ['full', 'quick', 'rescan', 'stop', 'json'],
    takesWords: true,
    run: (context, { full = false, quick = false, rescan = false, stop = false, json = false }, paths) =>
      runScanCommand(context, { paths, full, quick, rescan, stop, json }),
  },
  quarantine: {
    options: ['to', 'force'],
    takesWords: true,
    run: async (context, { to, force = false }, words) => {
      await runQuarantineCommand(context, { words, to, force })
      return undefined
    },
  },
  uninstall: {
    options: ['purge'],
    toleratesProblems: true,
    run: async () => {
      // The script that starts an installed agent sees to it by itself, so this one was not installed.
      throw new CommandError(
        'This agent was not brought by install.sh, so there is nothing to uninstall: end it, and delete its files and its state folder.',
      )
    },
  },
}

const WITH_EVERY_COMMAND: readonly string[] = ['state', 'config']

/**
 * The whole program `fleetsweep-agent`.
 *
 * @param argv what follows the program's name
 * @returns the exit code: 0 done, 1 failed, 2 misused; of `scan` one of `SCAN_EXIT`
 */
export async function runAgentProgram(
  argv: readonly string[],
  env: Environment,
  io: ProgramIo,
  parts: ProgramParts,
): Promise<number> {
  try {
    return (await runCommand(argv, env, io, parts)) ?? EXIT_DONE
  } catch (error) {
    if (error instanceof UsageError || error instanceof ConfigError) {
      io.stderr(`${error.message}\n`)
      return EXIT_MISUSED
    }
    if (error instanceof CommandError || error instanceof EnrollmentError || error instanceof ControlRefusal)
      io.stderr(`${error.message}\n`)
    else io.stderr(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return error instanceof CommandError ? error.exitCode : EXIT_FAILED
  }
}

async function runCommand(
  argv: readonly string[],
  env: Environment,
  io: ProgramIo,
  parts: ProgramParts,
): Promise<number | undefined> {
  const { values, positionals } = parseArguments(argv)
  if (values.help || argv.length === 0) io.stdout(HELP)
  else if (values.version) io.stdout(`${AGENT_VERSION}\n`)
  else {
    const [command = '', ...words] = positionals
    const known = COMMANDS[command]
    if (known === undefined) return undefined
    return await known.run(await prepare(values, env, io, parts, known.toleratesProblems), values, words)
  }
  return undefined
}

function parseArguments(argv: readonly string[]) {
  const { values, positionals } = parse(argv)
  if (values.help || values.version || argv.length === 0) return { values, positionals }
  const [command, ...rest] = positionals
  const known = command !== undefined && Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined
  if (known === undefined) {
    const what = command === undefined ? 'Say what to do' : `There is no command "${command}"`
    throw new UsageError(`${what}: ${Object.keys(COMMANDS).join(', ')}. See fleetsweep-agent --help`)
  }
  if (rest.length > 0 && !known.takesWords)
    throw new UsageError(`"${rest.join(' ')}" is too much for "${command}". See fleetsweep-agent --help`)
  const names: readonly string[] = [...known.options, ...WITH_EVERY_COMMAND]
  const wrong = Object.keys(values).find((name) => !names.includes(name))
  if (wrong !== undefined)
    throw new UsageError(`"${command}" takes no --${wrong}. See fleetsweep-agent --help`)
  return { values, positionals }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true })
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('. ')[0] ?? '') : String(cause)
    throw new UsageError(`${message}. See fleetsweep-agent --help`, { cause })
  }
}

async function prepare(
  values: { state?: string | undefined; config?: string | undefined },
  env: Environment,
  io: ProgramIo,
  parts: ProgramParts,
  toleratesProblems = false,
): Promise<CommandContext> {
  const host = parts.host(env)
  if (host === undefined)
    throw new CommandError(
      `The agent does not run on ${process.platform}; Linux, macOS and Windows it knows.`,
    )
  const paths = defaultPaths(host.isRoot, env)
  const configFolder = dirname(paths.configFile)
  if (host.isRoot) await guard(host, configFolder)
  const configFile = values.config ?? paths.configFile
  const policyFile =
    values.config === undefined ? paths.policyFile : join(dirname(values.config), 'policy.toml')
  const problems: string[] = []
  const read = <Content extends object>(readFile: () => Content): Content | Record<string, never> => {
    try {
      return readFile()
    } catch (error) {
      if (!(error instanceof ConfigError && toleratesProblems)) throw error
      problems.push(error.message)
      return {}
    }
  }
  const config = read(() => readAgentConfig(configFile, values.config !== undefined))
  const policy = read(() => readAgentPolicy(policyFile))
  const stateDir = resolve(values.state ?? config.state ?? paths.stateDir)
  // The usual one is within the folder that is guarded already.
  if (host.isRoot && stateDir !== resolve(paths.stateDir)) await guard(host, stateDir)
  return {
    io,
    env,
    host,
    parts,
    stateDir,
    configFile,
    policyFile,
    config,
    policy,
    problems,
    logger: createLogger(config.logLevel ?? 'info', io.stderr),
  }
}

/** Before a word of it is read: it names the programs that the agent starts, and holds its key. */
async function guard(host: Host, folder: string): Promise<void> {
  try {
    await host.guardFolder?.(folder)
  } catch (cause) {
    throw new CommandError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
