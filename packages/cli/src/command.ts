import type { ParseArgsConfig, ParseArgsOptionDescriptor } from 'node:util'
import type { FleetsweepClient } from '@fleetsweep/client'
import type { CliIo } from './cli-io.ts'

export type CommandOptions = Record<string, ParseArgsOptionDescriptor & { help: string; value?: string }>

/** What a command works with once its arguments are read and the server is known. */
export type CommandContext = {
  io: CliIo
  client: FleetsweepClient
  /** Arguments that are not options. */
  args: readonly string[]
  options: CommandValues
  /** True when a program reads the results. */
  json: boolean
}

export type CommandValues = Readonly<
  Record<string, string | boolean | readonly (string | boolean)[] | undefined>
>

type CommandFace = {
  name: string
  /** Such as `<machine…>`. */
  args: string
  summary: string
  options: CommandOptions
}

/** One command of the CLI. `run` returns the exit code: 0 done, 1 failed. */
export type Command = CommandFace & { run(context: CommandContext): Promise<number> }

/** A command that works without being connected to a server, or connects by itself. */
export type LocalCommand = CommandFace & {
  runLocally(context: Omit<CommandContext, 'client'>): Promise<number>
}

/** The command was called in a way that it does not understand: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command cannot do it, and says why and what to do: exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** Reads an option that takes a text. */
export function textOption(options: CommandValues, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** Reads an option that may stand more than once. */
export function textsOption(options: CommandValues, name: string): string[] {
  const value = options[name]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** Reads an option that takes a whole number. */
export function wholeOption(
  options: CommandValues,
  name: string,
  range: { min: number; max: number },
): number | undefined {
  const text = textOption(options, name)
  if (text === undefined) return undefined
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= range.min && value <= range.max)) {
    throw new UsageError(`--${name} takes a whole number from ${range.min} to ${range.max}, not "${text}".`)
  }
  return value
}

/** The one argument that a command takes. */
export function onlyArgument(args: readonly string[], what: string): string {
  const [one, ...more] = args
  if (one === undefined) throw new UsageError(`Say which ${what}.`)
  if (more.length > 0) throw new UsageError(`One ${what} at a time, please: "${more[0]}" is one too many.`)
  return one
}

export function noArguments(args: readonly string[]): void {
  if (args[0] !== undefined) throw new UsageError(`"${args[0]}" is not expected here.`)
}

/** Names of options for `parseArgs`, without what is only for people. */
export function parserOptions(options: CommandOptions): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { help: _, value: __, ...descriptor }]) => [name, descriptor]),
  )
}
