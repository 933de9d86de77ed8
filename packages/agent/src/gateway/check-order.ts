import {
  ORDER_VERBS,
  Order,
  type OrderKey,
  readMachineActionId,
  type ServerFrame,
} from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'
import { parseJson } from '../os/parse-json.ts'
import { isSignedBy } from '../signing/ed25519.ts'

export type OrderFrame = Extract<ServerFrame, { type: 'order' }>

/** What an order must be bound to. */
export type OrderBounds = {
  /** The newest key of the chain that this connection announced. */
  key: OrderKey
  machineId: string
  agentNonce: string
  /** Counter of the last order of this connection; 0 before the first. */
  lastCounter: number
}

export type RefusedOrder =
  | 'unknownKey'
  | 'badSignature'
  | 'notAnOrder'
  | 'otherMachine'
  | 'otherConnection'
  | 'repeated'
  | 'unknownVerb'

/** An order to act on, or why not. `counter` is set as soon as it counts, whatever the order says. */
export type CheckedOrder =
  | { kind: 'order'; order: Order; counter: number }
  | { kind: 'refused'; why: RefusedOrder; counter?: number }

const envelope = new LazySchema(
  Type.Object({
    verb: Type.String(),
    machineId: Type.String(),
    agentNonce: Type.String(),
    counter: Type.Integer({ minimum: 1 }),
  }),
)
const order = new LazySchema(Order)

/**
 * Decides whether an order may be acted on: signed by the right key over just this text, for this machine, on this
 * connection, for the first time, and one of the few things that may be ordered at all.
 */
export function checkOrder(frame: OrderFrame, bounds: OrderBounds): CheckedOrder {
  if (frame.keyId !== bounds.key.keyId) return refused('unknownKey')
  if (!isSignedBy(bounds.key.publicKey, 'fleetsweep.agent.v1/order', [frame.order], frame.signature)) {
    return refused('badSignature')
  }
  const content = parseJson(frame.order)
  if (!envelope.Check(content)) return refused('notAnOrder')
  if (content.machineId !== bounds.machineId) return refused('otherMachine')
  if (content.agentNonce !== bounds.agentNonce) return refused('otherConnection')
  const { counter } = content
  if (counter <= bounds.lastCounter) return refused('repeated')
  if (!order.Check(content)) {
    const known = ORDER_VERBS.some((verb) => verb === content.verb)
    return { kind: 'refused', why: known ? 'notAnOrder' : 'unknownVerb', counter }
  }
  // One action is one action in any spelling of its id.
  const actionId = readMachineActionId(content.actionId)
  if (actionId === undefined) return { kind: 'refused', why: 'notAnOrder', counter }
  return { kind: 'order', order: { ...content, actionId }, counter }
}

function refused(why: RefusedOrder): CheckedOrder {
  return { kind: 'refused', why }
}
