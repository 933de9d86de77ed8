import type {
  AgentFrame,
  AgentSettings,
  Clock,
  Inventory,
  KeptFile,
  OrderKey,
  ScanProgress,
  SignedSettings,
  Timer,
} from '@fleetsweep/protocol'
import type { ActionQueue } from '../actions/action-queue.ts'
import type { TaskQueue } from '../actions/task-queue.ts'
import type { Journal } from '../journal/journal.ts'
import type { Logger } from '../os/logger.ts'
import type { SessionFrame } from './channel.ts'
import { checkOrder, type OrderFrame } from './check-order.ts'
import { checkSettings } from './check-settings.ts'
import { Outbox } from './outbox.ts'
import { ProgressPacer } from './progress-pacer.ts'

/** A server that answers no heartbeat for so long is gone, whatever the socket says. */
const HEARTBEAT_ANSWER_MS = 20_000
/** What the machine says of itself is looked at again this often, and told when it changed. */
const INVENTORY_INTERVAL_MS = 3_600_000

type Reconciled = Extract<SessionFrame, { type: 'reconciled' }>

export type SessionParts = {
  machineId: string
  agentNonce: string
  /** The one key that signs orders on this connection. */
  orderKey: OrderKey
  heartbeatMs: number
  journal: Journal
  queue: ActionQueue
  tasks: Pick<TaskQueue, 'order'>
  inventory: () => Promise<Inventory>
  /** What of the quarantine is told apart from scans and tasks; the same list until that changes. */
  quarantineNews: () => readonly KeptFile[]
  clock: Clock
  random: () => number
  logger: Logger
  send: (frame: AgentFrame) => void
  /** The connection is no good any more. */
  hangUp: (reason: string) => void
  /** What the server lets agents know, checked. */
  onSettings: (settings: AgentSettings) => void
  /** The server has answered the first heartbeat: the connection is whole. */
  onReconciled: () => void
  /** The server has all there was to tell of an action that is over. */
  onTold: (actionId: string) => void
}

/** What is said on one connection once both sides know each other. */
export class Session {
  readonly #parts: SessionParts
  readonly #outbox: Outbox
  readonly #progress: ProgressPacer
  readonly #timers = new Map<'heartbeat' | 'answer' | 'inventory', Timer>()
  #lastCounter = 0
  #lastSettings = 0
  #heartbeatsSent = 0
  #heartbeatsAnswered = 0
  #inventoryTold = ''
  #newsTold: readonly KeptFile[] = []
  #isClosed = false

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#outbox = new Outbox(parts.journal, parts.send)
    this.#progress = new ProgressPacer(parts.clock, (actionId, progress) => {
      parts.send({ type: 'progress', actionId, progress })
    })
  }

  /** @param settings as the welcome had them */
  start(settings: SignedSettings | undefined): void {
    this.#take(settings)
    this.#beat()
    this.#tellInventory()
  }

  close(): void {
    this.#isClosed = true
    this.#progress.close()
    for (const timer of this.#timers.values()) timer.cancel()
  }

  receive(frame: SessionFrame): void {
    if (frame.type === 'order') this.#order(frame)
    else if (frame.type === 'reconciled') this.#reconcile(frame)
    else this.#acked(frame.actionId.toLowerCase(), frame.number)
  }

  /** The journal holds something new. */
  tell(): void {
    if (!this.#isClosed) this.#outbox.pump(this.#heartbeatsSent)
  }

  tellProgress(actionId: string, progress: ScanProgress): void {
    if (!this.#isClosed) this.#progress.offer(actionId, progress)
  }

  /** A scan goes on no more; engine or signatures may be others now. */
  scanEnded(actionId: string): void {
    this.#progress.drop(actionId)
    if (!this.#isClosed) this.#tellInventory()
  }

  /** Looks at the machine, and tells what it sees unless the server was told just that. */
  #tellInventory(): void {
    this.#setTimer('inventory', INVENTORY_INTERVAL_MS, () => this.#tellInventory())
    this.#parts
      .inventory()
      .then((inventory) => {
        const text = JSON.stringify(inventory)
        if (this.#isClosed || text === this.#inventoryTold) return
        this.#inventoryTold = text
        this.#parts.send({ type: 'inventory', inventory })
      })
      .catch((error: unknown) => {
        this.#parts.logger.error({ error: String(error) }, 'the inventory could not be taken')
      })
  }

  #beat(): void {
    const { journal, queue, heartbeatMs, random } = this.#parts
    this.#heartbeatsSent++
    this.#parts.send({ type: 'heartbeat', openActions: journal.openActions() })
    this.#tellQuarantine()
    // Waiting for one's turn, and a scan between two steps, count as a word too.
    for (const { actionId, progress } of queue.progressToTell()) this.tellProgress(actionId, progress)
    this.#setTimer('heartbeat', heartbeatMs * (0.9 + 0.2 * random()), () => this.#beat())
    if (!this.#timers.has('answer')) {
      this.#setTimer('answer', HEARTBEAT_ANSWER_MS, () =>
        this.#parts.hangUp('the server answers no heartbeat'),
      )
    }
  }

  #tellQuarantine(): void {
    try {
      const news = this.#parts.quarantineNews()
      if (news === this.#newsTold) return
      this.#newsTold = news
      if (news.length > 0) this.#parts.send({ type: 'quarantine', files: [...news] })
    } catch (error) {
      this.#parts.logger.error({ error: String(error) }, 'what is in quarantine could not be told')
    }
  }

  #acked(actionId: string, number: number): void {
    const isTold = this.#parts.journal.ack(actionId, number, 'this')
    this.#outbox.acked(actionId, number)
    if (isTold) this.#parts.onTold(actionId)
    this.tell()
  }

  #reconcile(frame: Reconciled): void {
    const { journal, queue } = this.#parts
    this.#heartbeatsAnswered++
    this.#take(frame.settings)
    this.#timers.get('answer')?.cancel()
    this.#timers.delete('answer')
    const actions = frame.actions.map((action) => ({ ...action, actionId: action.actionId.toLowerCase() }))
    for (const { actionId, ackedEvent, verdict } of actions) {
      if (ackedEvent > 0 && journal.ack(actionId, ackedEvent, 'upTo')) this.#parts.onTold(actionId)
      if (verdict === 'forget') queue.forget(actionId)
    }
    this.#outbox.reconciled(new Set(actions.map((action) => action.actionId)), this.#heartbeatsAnswered)
    this.tell()
    if (this.#heartbeatsAnswered === 1) this.#parts.onReconciled()
  }

  #take(signed: SignedSettings | undefined): void {
    if (signed === undefined) return
    const { orderKey: key, machineId, agentNonce, onSettings, logger } = this.#parts
    const checked = checkSettings(signed, { key, machineId, agentNonce, lastCounter: this.#lastSettings })
    if (checked.kind === 'refused') {
      logger.warn({ why: checked.why }, 'settings refused')
      return
    }
    this.#lastSettings = checked.settings.counter
    onSettings(checked.settings)
  }

  #order(frame: OrderFrame): void {
    const { orderKey, machineId, agentNonce, queue, tasks, logger } = this.#parts
    const lastCounter = this.#lastCounter
    const checked = checkOrder(frame, { key: orderKey, machineId, agentNonce, lastCounter })
    this.#lastCounter = checked.counter ?? lastCounter
    if (checked.kind === 'refused') {
      logger.warn({ why: checked.why, keyId: frame.keyId }, 'order refused')
      return
    }
    const { order } = checked
    // Whoever orders what is known already has missed what was told of it.
    this.#outbox.repeat(order.actionId)
    if (order.verb === 'scan') queue.orderScan(order, frame.order)
    else if (order.verb === 'stop') queue.orderStop(order)
    else tasks.order(order, frame.order)
  }

  #setTimer(name: 'heartbeat' | 'answer' | 'inventory', ms: number, run: () => void): void {
    this.#timers.get(name)?.cancel()
    if (this.#isClosed) return
    this.#timers.set(
      name,
      this.#parts.clock.setTimer(ms, () => {
        this.#timers.delete(name)
        run()
      }),
    )
  }
}
