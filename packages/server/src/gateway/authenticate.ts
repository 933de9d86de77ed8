import { type AgentFrame, readMachineId, type TenantId } from '@fleetsweep/protocol'
import { isSignedBy } from '../kit/ed25519.ts'
import type { StoredMachine } from '../machine/index.ts'
import type { Stores } from '../stores.ts'

export type Hello = Extract<AgentFrame, { type: 'hello' }>
export type Authenticated = { tenant: TenantId; machine: StoredMachine }

/**
 * Finds the machine that says hello, if it proves to hold that machine's key: for this connection, this server, this
 * machine. `undefined` in every other case, and no word about which.
 */
export async function authenticate(
  hello: Hello,
  challenge: { nonce: string; serverId: string },
  stores: Stores,
): Promise<Authenticated | undefined> {
  // Also keeps made-up tenants from getting stores of their own.
  const tenant = await stores.tenants.find(hello.tenant)
  const machineId = readMachineId(hello.machineId)
  if (!tenant || !machineId) return undefined
  const machine = await stores.forTenant(tenant.id).machines.find(machineId)
  if (!machine) return undefined
  const fields = [challenge.nonce, challenge.serverId, hello.agentNonce, hello.machineId, hello.bootId]
  return isSignedBy(machine.publicKey, 'fleetsweep.agent.v1/connect', fields, hello.signature)
    ? { tenant: tenant.id, machine }
    : undefined
}
