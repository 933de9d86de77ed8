import type { Command, CommandOptions, LocalCommand } from '../command.ts'
import { COMMON_OPTIONS, CONNECTION_OPTIONS } from '../connect.ts'

/** All commands with what each does. */
export function renderOverview(commands: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`)
  return `Runs antivirus scans across a fleet of machines.

Usage: fleetsweep <command> …

${lines.join('\n')}

More about one: fleetsweep <command> --help
Exit codes: 0 done, 1 failed, 2 misused
`
}

/** The options that a command takes beside its own. */
export function optionsOf(command: Command | LocalCommand): CommandOptions {
  return 'runLocally' in command ? COMMON_OPTIONS : CONNECTION_OPTIONS
}

export function renderCommandHelp(command: Command | LocalCommand): string {
  const own = Object.entries(command.options)
  return [
    `${command.summary}\n`,
    `Usage: fleetsweep ${[command.name, command.args].filter((part) => part !== '').join(' ')} [options]\n`,
    ...own.map(optionLine),
    ...(own.length > 0 ? [''] : []),
    ...Object.entries(optionsOf(command)).map(optionLine),
    '',
  ].join('\n')
}

function optionLine([name, { help, value }]: [string, { help: string; value?: string }]): string {
  return `  ${`--${name}${value === undefined ? '' : ` <${value}>`}`.padEnd(30)}${help}`
}
