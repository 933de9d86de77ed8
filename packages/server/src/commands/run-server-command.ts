import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { ConfigError } from '../config/index.ts'
import {
  type ServerCommand,
  type ServerCommandCall,
  type ServerCommandIo,
  UsageError,
} from './server-command.ts'

const EXIT_FAILED = 1
const EXIT_MISUSED = 2

/**
 * Runs one of the commands.
 *
 * @param argv what stands after the program's name
 * @returns the exit code: 0 done, 1 failed, 2 misused
 */
export async function runServerCommand(
  commands: readonly ServerCommand[],
  argv: readonly string[],
  io: ServerCommandIo,
): Promise<number> {
  const [name, ...rest] = argv
  const command = commands.find((one) => one.name === name)
  if (!command) {
    io.err(`There is no command "${name}". See them all with: fleetsweep help\n`)
    return EXIT_MISUSED
  }
  try {
    const call = readCall(command, rest, io)
    if (!call.flag('help')) return await command.run(call)
    io.out(`${command.summary}\n\n${command.usage}\n`)
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`${error.message}\n\n${command.usage}\n`)
      return EXIT_MISUSED
    }
    io.err(`${explain(error)}\n`)
    return EXIT_FAILED
  }
}

function readCall(command: ServerCommand, args: string[], io: ServerCommandIo): ServerCommandCall {
  const { values, positionals } = parse(command, args)
  return {
    io,
    args: positionals,
    text: (name) => {
      const value = values[name]
      return typeof value === 'string' ? value : undefined
    },
    texts: (name) => [values[name] ?? []].flat().filter((value) => typeof value === 'string'),
    flag: (name) => values[name] === true,
  }
}

function parse(command: ServerCommand, args: string[]) {
  const options: ParseArgsOptionsConfig = { ...command.options, help: { type: 'boolean', short: 'h' } }
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** A mistake in the configuration explains itself; anything else keeps the trace that leads to it. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof Error && 'code' in error) return `${error.message} (${error.code})`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
