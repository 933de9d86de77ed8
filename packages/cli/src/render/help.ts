import type { Command } from '../command.ts'
import { CONNECTION_OPTIONS } from '../connect.ts'

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

export function renderCommandHelp(command: Command): string {
  const own = Object.entries(command.options)
  return [
    `${command.summary}\n`,
    `Usage: fleetsweep ${[command.name, command.args].filter((part) => part !== '').join(' ')} [options]\n`,
    ...own.map(optionLine),
    ...(own.length > 0 ? [''] : []),
    ...Object.entries(CONNECTION_OPTIONS).map(optionLine),
    '',
  ].join('\n')
}

function optionLine([name, { help, value }]: [string, { help: string; value?: string }]): string {
  return `  ${`--${name}${value === undefined ? '' : ` <${value}>`}`.padEnd(30)}${help}`
}
