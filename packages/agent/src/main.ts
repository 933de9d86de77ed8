import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runEnrollCommand } from './commands/enroll-command.ts'
import {
  type CommandContext,
  CommandError,
  type ProgramIo,
  type ProgramParts,
  UsageError,
} from './commands/program.ts'
import { runQuarantineCommand } from './commands/quarantine-command.ts'
import { runRunCommand } from './commands/run-command.ts'
import { runStatusCommand } from './commands/status-command.ts'
import { ConfigError, readAgentConfig, readAgentPolicy } from './config/agent-config.ts'
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
  fleetsweep-agent quarantine list | add FILE | restore ID
                                                       files kept out of reach; while the agent does not run
      --to FILE           restore to another place
      --force             add a file of a package; restore over a file that is there

  with every command
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
  to: { type: 'string' },
  force: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type OptionName = keyof typeof OPTIONS

const COMMANDS: Record<string, readonly OptionName[]> = {
  enroll: ['server', 'token', 'ca', 'insecure-http', 'new-key', 'state', 'config'],
  run: ['state', 'config'],
  status: ['json', 'state', 'config'],
  quarantine: ['to', 'force', 'state', 'config'],
}

/**
 * The whole program `fleetsweep-agent`.
 *
 * @param argv what follows the program's name
 * @returns the exit code: 0 done, 1 failed, 2 misused
 */
export async function runAgentProgram(
  argv: readonly string[],
  env: Environment,
  io: ProgramIo,
  parts: ProgramParts,
): Promise<number> {
  try {
    await runCommand(argv, env, io, parts)
    return EXIT_DONE
  } catch (error) {
    if (error instanceof UsageError || error instanceof ConfigError) {
      io.stderr(`${error.message}\n`)
      return EXIT_MISUSED
    }
    if (error instanceof CommandError || error instanceof EnrollmentError) io.stderr(`${error.message}\n`)
    else io.stderr(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return EXIT_FAILED
  }
}

async function runCommand(
  argv: readonly string[],
  env: Environment,
  io: ProgramIo,
  parts: ProgramParts,
): Promise<void> {
  const { values, positionals } = parseArguments(argv)
  if (values.help || argv.length === 0) return io.stdout(HELP)
  if (values.version) return io.stdout(`${AGENT_VERSION}\n`)
  const [command = '', ...words] = positionals
  const context = await prepare(values, env, io, parts)
  if (command === 'run') return await runRunCommand(context)
  if (command === 'status') return await runStatusCommand(context, { json: values.json ?? false })
  if (command === 'quarantine')
    return await runQuarantineCommand(context, { words, to: values.to, force: values.force ?? false })
  const { server, token, ca } = values
  const { 'insecure-http': insecureHttp = false, 'new-key': newKey = false } = values
  await runEnrollCommand(context, { server, token, ca, insecureHttp, newKey })
}

function parseArguments(argv: readonly string[]) {
  const { values, positionals } = parse(argv)
  if (values.help || values.version || argv.length === 0) return { values, positionals }
  const [command, ...rest] = positionals
  const allowed = command === undefined ? undefined : COMMANDS[command]
  if (allowed === undefined) {
    const what = command === undefined ? 'Say what to do' : `There is no command "${command}"`
    throw new UsageError(`${what}: enroll, run, status or quarantine. See fleetsweep-agent --help`)
  }
  if (rest.length > 0 && command !== 'quarantine')
    throw new UsageError(`"${rest.join(' ')}" is too much for "${command}". See fleetsweep-agent --help`)
  const names: readonly string[] = allowed
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
): Promise<CommandContext> {
  const host = parts.host(env)
  if (host === undefined)
    throw new CommandError(
      `The agent does not run on ${process.platform}; Linux, macOS and Windows it knows.`,
    )
  const paths = defaultPaths(host.isRoot, env)
  const configFolder = dirname(paths.configFile)
  if (host.isRoot) await guard(host, configFolder)
  const config = readAgentConfig(values.config ?? paths.configFile, values.config !== undefined)
  const policyFile =
    values.config === undefined ? paths.policyFile : join(dirname(values.config), 'policy.toml')
  const stateDir = resolve(values.state ?? config.state ?? paths.stateDir)
  // The usual one is within the folder that is guarded already.
  if (host.isRoot && stateDir !== resolve(paths.stateDir)) await guard(host, stateDir)
  return {
    io,
    env,
    host,
    parts,
    stateDir,
    config,
    policy: readAgentPolicy(policyFile),
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
