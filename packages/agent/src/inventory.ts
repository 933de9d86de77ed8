import type { Inventory } from '@fleetsweep/protocol'
import type { Engine } from './engines/engine.ts'
import type { Host } from './os/host.ts'
import { AGENT_VERSION } from './version.ts'

/**
 * Gathers what the machine says of itself.
 *
 * @param osIdentity the one that the key of this machine is bound to
 */
export async function takeInventory(
  host: Host,
  engine: Pick<Engine, 'inspect'>,
  osIdentity: string,
): Promise<Inventory> {
  const [os, inspected, bootId] = await Promise.all([host.inventory(), engine.inspect(), host.bootId()])
  return { ...os, agentVersion: AGENT_VERSION, engine: inspected, bootId, osIdentity }
}
