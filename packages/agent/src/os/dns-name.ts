import { hostname } from 'node:os'
import { runTool } from './run-tool.ts'

/** The machine's name, fully qualified where the machine knows its domain. */
export async function findDnsName(): Promise<string> {
  const name = hostname() || 'localhost'
  if (name.includes('.')) return name.slice(0, 255)
  const qualified = await runTool('hostname', ['-f'])
  return qualified?.toLowerCase().startsWith(`${name.toLowerCase()}.`) ? qualified.slice(0, 255) : name
}
