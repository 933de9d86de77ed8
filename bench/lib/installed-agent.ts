import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Programs } from '@fleetsweep/testkit'

const project = join(import.meta.dirname, '../..')
const launcherScript = join(project, 'packages/agent/install/fleetsweep-agent')

/** What Node is told where an installed agent is started. */
export function launcherFlags(): string[] {
  const [, started] = readFileSync(launcherScript, 'utf8').split('exec "$folder/node"')
  return started?.match(/--[a-z][a-z-]+(?:=\d+)?/g) ?? []
}

/**
 * Runs this program again as an installed agent is started, for a benchmark whose own process stands for the agent.
 *
 * @returns false where it is started like that already
 */
export function runAsInstalled(): boolean {
  const flags = launcherFlags()
  if (flags.every((flag) => process.execArgv.includes(flag))) return false
  const settings = readFileSync(launcherScript, 'utf8').matchAll(/\b(MALLOC_\w+)=(\d+)/g)
  const env = Object.fromEntries([...settings].map(([, name, value]) => [name, value]))
  execFileSync(process.execPath, [...flags, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  return true
}

/** Bundles server and agent into a folder that is laid out, and whose agent starts, as `install.sh` leaves it. */
export function installPrograms(folder: string): Programs {
  mkdirSync(folder, { recursive: true })
  const entries = ['fleetsweep', 'fleetsweep-agent'].map((name) => join(project, 'programs', `${name}.ts`))
  execFileSync(process.execPath, [join(project, 'scripts/lib/bundle.mjs'), folder, ...entries])
  const launcher = join(folder, 'fleetsweep-agent')
  copyFileSync(launcherScript, launcher)
  symlinkSync(process.execPath, join(folder, 'node'))
  return { folder, ending: '.mjs', launcher }
}
