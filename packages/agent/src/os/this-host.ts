import type { Environment, Host } from './host.ts'
import { linuxHost } from './linux.ts'
import { macosHost } from './macos.ts'
import { windowsHost } from './windows.ts'

/**
 * The machine that this process runs on. `FLEETSWEEP_INSTANCE` tells agents apart that share it.
 *
 * @returns `undefined` on an operating system that the agent does not know
 */
export function thisHost(env: Environment): Host | undefined {
  const instance = env.FLEETSWEEP_INSTANCE || undefined
  if (process.platform === 'linux') return linuxHost(instance)
  if (process.platform === 'darwin') return macosHost(instance)
  if (process.platform === 'win32') return windowsHost(instance, env)
  return undefined
}
