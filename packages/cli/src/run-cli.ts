import { parseArgs } from 'node:util'
import type { CliIo } from './cli-io.ts'
import { type Command, type CommandOptions, type LocalCommand, parserOptions, UsageError } from './command.ts'
import { actions } from './commands/actions.ts'
import { alerts } from './commands/alerts.ts'
import { antivirus } from './commands/antivirus.ts'
import { applications } from './commands/applications.ts'
import { audit } from './commands/audit.ts'
import { cancel } from './commands/cancel.ts'
import { detections } from './commands/detections.ts'
import { deviceGroups } from './commands/device-groups.ts'
import { login } from './commands/login.ts'
import { logout } from './commands/logout.ts'
import { machines } from './commands/machines.ts'
import { quarantine } from './commands/quarantine.ts'
import { report } from './commands/report.ts'
import { roles } from './commands/roles.ts'
import { scan } from './commands/scan.ts'
import { signatures } from './commands/signatures.ts'
import { tasks } from './commands/tasks.ts'
import { tokens } from './commands/tokens.ts'
import { userGroups } from './commands/user-groups.ts'
import { users } from './commands/users.ts'
import { webhooks } from './commands/webhooks.ts'
import { whoami } from './commands/whoami.ts'
import { connect } from './connect.ts'
import { explain } from './explain.ts'
import { optionsOf, renderCommandHelp, renderOverview } from './render/help.ts'

const COMMANDS: readonly (Command | LocalCommand)[] = [
  login,
  logout,
  scan,
  machines,
  antivirus,
  actions,
  cancel,
  report,
  detections,
  quarantine,
  signatures,
  tasks,
  alerts,
  tokens,
  users,
  userGroups,
  roles,
  deviceGroups,
  whoami,
  applications,
  webhooks,
  audit,
]

/** A command of the same program that is not run from here, for the overview. */
export type OtherCommand = { name: string; summary: string }

/**
 * Runs one command of the CLI.
 *
 * @param argv what stands after the program's name
 * @returns the exit code: 0 done, 1 failed, 2 misused
 */
export async function runCli(
  argv: readonly string[],
  io: CliIo,
  others: readonly OtherCommand[] = [],
): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const asked = name !== undefined
    const text = renderOverview([...COMMANDS, ...others])
    if (asked) io.out(text)
    else io.err(text)
    return asked ? 0 : 2
  }
  const command = COMMANDS.find((one) => one.name === name)
  if (!command) {
    io.err(`There is no command "${name}". See them all with: fleetsweep help\n`)
    return 2
  }
  try {
    return await runCommand(command, rest, io)
  } catch (error) {
    const { message, exitCode } = explain(error, command, io.signal)
    io.err(`${message}\n`)
    return exitCode
  }
}

async function runCommand(command: Command | LocalCommand, argv: string[], io: CliIo): Promise<number> {
  const { values, positionals } = readArguments(argv, { ...command.options, ...optionsOf(command) })
  if (values.help === true) {
    io.out(renderCommandHelp(command))
    return 0
  }
  const context = { io, args: positionals, options: values, json: values.json === true }
  if ('runLocally' in command) return command.runLocally(context)
  return command.run({ ...context, client: await connect(values, io) })
}

function readArguments(argv: string[], options: CommandOptions) {
  try {
    return parseArgs({ args: argv, options: parserOptions(options), allowPositionals: true, strict: true })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    // Node goes on about operands that begin with a dash, which nothing here takes.
    throw new UsageError(message.replace(/(?<=')\. To specify a positional .*/s, '.'), { cause })
  }
}
