import { join } from 'node:path'
import type { Environment } from './host.ts'
import { runTool } from './run-tool.ts'

/** Asks the registry for the values of one key; empty where there is no such key. */
export type ReadRegistry = (key: string) => Promise<ReadonlyMap<string, string>>

/** By Windows's own `reg.exe`, never by PATH. */
export function windowsRegistry(env: Environment, run: typeof runTool = runTool): ReadRegistry {
  const program = join(env.SystemRoot ?? 'C:\\Windows', 'System32', 'reg.exe')
  return async (key) => parseRegistryValues((await run(program, ['query', key])) ?? '')
}

/**
 * Reads what `reg query` writes of a key: `    Name    REG_SZ    value`, a number as `0x…`. Of binary values and lists
 * nothing is made.
 *
 * @see https://learn.microsoft.com/en-us/windows-server/administration/windows-commands/reg-query
 */
export function parseRegistryValues(output: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const line of output.split(/\r?\n/)) {
    const [, name = '', type, text = ''] =
      /^ {4}(.+?) {4}REG_(SZ|EXPAND_SZ|DWORD|QWORD)(?: {4}(.*))?$/.exec(line) ?? []
    if (type === undefined) continue
    const isNumber = type === 'DWORD' || type === 'QWORD'
    values.set(name, isNumber ? String(Number(text)) : text.trim())
  }
  return values
}
