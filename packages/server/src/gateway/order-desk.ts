import {
  type FilePath,
  type MachineId,
  type Order,
  type ServerFrame,
  signingInput,
} from '@fleetsweep/protocol'
import { present } from '../kit/present.ts'
import type { OwedTask } from '../machine-task/index.ts'
import type { OwedOrder as OwedScanOrder, PreparedOrder } from '../scan/index.ts'
import type { OrderKeys } from '../signing-key/index.ts'
import type { TenantStores } from '../stores.ts'

/** Of a path whose bytes are given besides. */
const MAX_SHOWN_PATH = 1_024
/** Longest `requestor` that the protocol carries. */
const MAX_REQUESTOR = 1_024

/** What the server owes a machine. */
export type OwedOrder = OwedScanOrder | OwedTask

export type OrderDeskParts = {
  stores: Pick<TenantStores, 'machines' | 'scans' | 'machineTasks'>
  /** Signs every order of this connection, also after another has taken over. */
  orderKey: OrderKeys['current']
  machineId: MachineId
  publicKey: string
  agentNonce: string
  send: (frame: ServerFrame) => void
  /** Asked right before an order goes out. */
  mayGetOrders: () => boolean
  /** The machine's key is another one by now: this connection is nobody's. */
  onKeyReplaced: () => void
}

/** Gives one connection the orders that the server owes its machine, each once as long as the agent may have it. */
export class OrderDesk {
  readonly #parts: OrderDeskParts
  /** What went out on this connection, with the number of heartbeats that had come by then. */
  readonly #sent = new Map<string, number>()
  #counter = 0
  #heartbeats = 0
  #listed: ReadonlySet<string> = new Set()
  #looking: Promise<void> | undefined
  #lookAgain = false

  constructor(parts: OrderDeskParts) {
    this.#parts = parts
  }

  /** Takes what the agent says it has. Before the first heartbeat nothing is ordered: it may have it all already. */
  heartbeat(listed: Iterable<string>): void {
    this.#heartbeats += 1
    this.#listed = new Set(listed)
  }

  /** Looks at what is owed and sends what is due. Calls during a look share one more look after it. */
  look(): Promise<void> {
    if (this.#looking) {
      this.#lookAgain = true
      return this.#looking
    }
    this.#looking = this.#lookUntilDone()
    return this.#looking
  }

  async #lookUntilDone(): Promise<void> {
    try {
      do {
        this.#lookAgain = false
        await this.#lookOnce()
      } while (this.#lookAgain)
    } finally {
      // In the very turn of the last question, so that no call falls between the two.
      this.#looking = undefined
    }
  }

  async #lookOnce(): Promise<void> {
    const { stores, machineId, publicKey, mayGetOrders, onKeyReplaced } = this.#parts
    if (this.#heartbeats === 0 || !mayGetOrders()) return
    const [machine, scans, tasks] = await Promise.all([
      stores.machines.find(machineId),
      stores.scans.listOwed(machineId),
      stores.machineTasks.listOwed(machineId),
    ])
    const owed = [...scans, ...tasks]
    if (machine?.publicKey !== publicKey) return onKeyReplaced()
    // Asked again, because a second connection may have come up while the database answered.
    if (machine.ordersHeldBecause !== null || !mayGetOrders()) return
    this.#forgetSettled(owed)
    for (const order of owed) {
      if (!this.#isDue(order)) continue
      const prepared = order.verb === 'scan' ? await stores.scans.prepareOrder(order.actionId) : null
      if (!mayGetOrders()) return
      if (order.verb !== 'scan' || prepared !== null) this.#send(order, prepared)
    }
  }

  #isDue(order: OwedOrder): boolean {
    const sentAt = this.#sent.get(keyOf(order))
    if (sentAt === undefined) return true
    // One heartbeat may have crossed the order. One after that, which still does not list it, means that it was lost.
    return this.#heartbeats >= sentAt + 2 && !this.#listed.has(order.actionId)
  }

  #send(owed: OwedOrder, prepared: PreparedOrder | null): void {
    const { orderKey, send } = this.#parts
    this.#counter += 1
    const order = JSON.stringify(writeOrder(owed, prepared, this.#bind(owed)))
    this.#sent.set(keyOf(owed), this.#heartbeats)
    const signature = orderKey.sign(signingInput('fleetsweep.agent.v1/order', [order]))
    send({ type: 'order', keyId: orderKey.keyId, order, signature })
  }

  #bind({ actionId }: OwedOrder): BoundOrder {
    const { machineId, agentNonce } = this.#parts
    return { machineId, actionId, agentNonce, counter: this.#counter }
  }

  #forgetSettled(owed: readonly OwedOrder[]): void {
    const open = new Set(owed.map(keyOf))
    for (const key of this.#sent.keys()) if (!open.has(key)) this.#sent.delete(key)
  }
}

type BoundOrder = Pick<Order, 'machineId' | 'actionId' | 'agentNonce' | 'counter'>

/** An order as it is signed. @param prepared what else an order of a scan says */
export function writeOrder(owed: OwedOrder, prepared: PreparedOrder | null, bound: BoundOrder): Order {
  if (owed.verb === 'stop') return { verb: 'stop', ...bound }
  const said = { requestor: owed.requestor.slice(0, MAX_REQUESTOR), comment: owed.comment }
  switch (owed.verb) {
    case 'scan': {
      const { paths = null, settings } = prepared ?? {}
      const how = present({ paths: paths ?? undefined, settings })
      return { verb: 'scan', ...bound, scanType: owed.scanType, ...how, ...said }
    }
    case 'quarantine': {
      const { sha256, threatName } = owed
      return { verb: 'quarantine', ...bound, path: shortened(owed.path), sha256, threatName, ...said }
    }
    case 'restore':
      return { verb: 'restore', ...bound, quarantineId: owed.quarantineId, ...said }
    case 'updateSignatures':
      return { verb: 'updateSignatures', ...bound, ...said }
  }
}

/** Where the bytes are given they alone count, and the text, which can be five times as long, is for reading. */
function shortened(path: FilePath): FilePath {
  return path.base64 === undefined ? path : { ...path, text: path.text.slice(0, MAX_SHOWN_PATH) }
}

function keyOf({ verb, actionId }: OwedOrder): string {
  return `${verb}/${actionId}`
}
