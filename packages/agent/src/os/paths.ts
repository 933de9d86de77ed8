import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from './host.ts'

/** Where things are when nobody says otherwise. */
export type DefaultPaths = { stateDir: string; configFile: string; policyFile: string }

/**
 * For root the machine's own folders; for an ordinary user those of the XDG base directory specification.
 *
 * @see https://specifications.freedesktop.org/basedir/latest/
 */
export function defaultPaths(isRoot: boolean, env: Environment): DefaultPaths {
  const config = isRoot
    ? '/etc/fleetsweep'
    : join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'fleetsweep')
  const stateDir = isRoot
    ? '/var/lib/fleetsweep-agent'
    : join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'fleetsweep-agent')
  return { stateDir, configFile: join(config, 'agent.toml'), policyFile: join(config, 'policy.toml') }
}
