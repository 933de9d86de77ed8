import { homedir } from 'node:os'
import { join, win32 } from 'node:path'
import type { Environment } from './host.ts'

/** Where things are when nobody says otherwise. */
export type DefaultPaths = { stateDir: string; configFile: string; policyFile: string }

/**
 * For root the machine's own folders; for an ordinary user those of the XDG base directory specification. On Windows
 * all is in one folder, the machine's (`%ProgramData%`) or the user's.
 *
 * @see https://specifications.freedesktop.org/basedir/latest/
 */
export function defaultPaths(
  isRoot: boolean,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): DefaultPaths {
  if (platform === 'win32') {
    const above = isRoot
      ? (env.ProgramData ?? 'C:\\ProgramData')
      : (env.LOCALAPPDATA ?? win32.join(homedir(), 'AppData', 'Local'))
    const top = win32.join(above, 'Fleetsweep')
    return {
      stateDir: win32.join(top, 'state'),
      configFile: win32.join(top, 'agent.toml'),
      policyFile: win32.join(top, 'policy.toml'),
    }
  }
  const config = isRoot
    ? '/etc/fleetsweep'
    : join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'fleetsweep')
  const stateDir = isRoot
    ? '/var/lib/fleetsweep-agent'
    : join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'fleetsweep-agent')
  return { stateDir, configFile: join(config, 'agent.toml'), policyFile: join(config, 'policy.toml') }
}
