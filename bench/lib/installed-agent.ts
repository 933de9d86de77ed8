import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Programs } from '@fleetsweep/testkit'

const project = join(import.meta.dirname, '../..')
const launcherScript = join(project, 'packages/agent/install/fleetsweep-agent')

/** What Node is told where an installed agent is started. */
export function launcherFlags(): string[] {
  return readFileSync(launcherScript, 'utf8').match(/--[a-z][a-z-]+(?:=\d+)?/g) ?? []
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
