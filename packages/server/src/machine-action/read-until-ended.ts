import { isFinal, type MachineActionStatus, readMachineActionId, type WaitQuery } from '@fleetsweep/protocol'
import { type Access, type OperationRequest, requireAllowed } from '../kit/http/index.ts'
import type { Principal } from '../principal/index.ts'
import type { ActionWaits } from './action-waits.ts'

type Call = OperationRequest<unknown, unknown, WaitQuery, Principal>

export type WaitServices = {
  actionWaits: ActionWaits
  /** Checks credentials anew. @throws ApiError `Unauthorized` */
  authenticate: (request: {
    authorization: string | undefined
    origin: string
    address: string
  }) => Promise<Principal>
}

/**
 * Reads a machine action, or what belongs to it, or a task, as its call asks with `wait`: at once, or when the action has ended and
 * after so long in any case. Before an answer that was waited for, the caller is asked anew who they are and whether
 * they may read it.
 *
 * @param text the id as the call gives it
 */
export async function readUntilEnded<Value extends { status: MachineActionStatus }>(
  call: Call,
  text: string,
  { actionWaits, authenticate }: WaitServices,
  access: Extract<Access, { permission: unknown }>,
  read: (principal: Principal) => Promise<Value>,
): Promise<Value> {
  const { principal, origin, address, headers, query } = call
  const first = await read(principal)
  const waitMs = (query.wait ?? 0) * 1_000
  if (waitMs === 0 || isFinal(first.status)) return first
  const authorization = typeof headers.authorization === 'string' ? headers.authorization : undefined
  const id = readMachineActionId(text) ?? text
  return actionWaits.hold({ principal, id, waitMs, signal: call.signal }, first, async () => {
    const now = await authenticate({ authorization, origin, address })
    requireAllowed(now, access)
    return read(now)
  })
}
