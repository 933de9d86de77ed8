import type { ParseArgsOptionsConfig } from 'node:util'

/** What a command of the server touches of the outside world. */
export type ServerCommandIo = {
  /** Results: what a program would read. */
  out(text: string): void
  /** Talk: notices and errors. */
  err(text: string): void
  env: NodeJS.ProcessEnv
  /** The module that SQLite's writer thread starts from; a bundle names its one file. */
  writerEntry?: URL | undefined
  /** Where the console's built files lie. */
  consoleDir?: string | undefined
  /** Where the page lies that shows the API's description. */
  apiDocsDir?: string | undefined
  /** Where the agent lies that other machines install. */
  agentDir?: string | undefined
}

/** A command that works on a server's own data directory, not over its API. */
export type ServerCommand = {
  name: string
  summary: string
  /** The whole help text below the summary. */
  usage: string
  options: ParseArgsOptionsConfig
  /** @returns the exit code: 0 done, 1 failed */
  run(call: ServerCommandCall): Promise<number>
}

export type ServerCommandCall = {
  io: ServerCommandIo
  /** Arguments that are not options. */
  args: readonly string[]
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  flag(name: string): boolean
}

/** The command was called in a way that it does not understand: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError unless the text is a whole number in the range */
export function wholeNumber(text: string, name: string, range: { min: number; max: number }): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= range.min && value <= range.max) return value
  throw new UsageError(`${name} takes a whole number from ${range.min} to ${range.max}, not "${text}".`)
}
