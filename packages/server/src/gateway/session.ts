import {
  type AgentFrame,
  CLOSE,
  type MachineActionId,
  type MachineId,
  type OpenAction,
  readMachineActionId,
  type ServerFrame,
  type TenantId,
} from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { StoredMachine } from '../machine/index.ts'
import type { AllowedSilence } from '../scan/index.ts'
import type { OrderKeys } from '../signing-key/index.ts'
import type { TenantStores } from '../stores.ts'
import type { AgentSocket } from './agent-socket.ts'
import type { ChangedActions } from './changed-actions.ts'
import type { LastSeen } from './last-seen.ts'
import { OrderDesk } from './order-desk.ts'
import type { ProgressBoard } from './progress-board.ts'
import type { Sitter } from './seats.ts'
import { SettingsDesk } from './settings-desk.ts'

/** The protocol allows 32 events on their way; some heartbeats and inventories may stand between them. */
const MAX_WAITING_FRAMES = 64
/** Actions that one connection may have progress of. */
const MAX_KNOWN_ACTIONS = 1_000

/** What an agent says once it is known who it is. */
export type SessionFrame = Exclude<AgentFrame, { type: 'hello' }>
type Told<Type extends SessionFrame['type']> = Extract<SessionFrame, { type: Type }>

export type SessionParts = {
  socket: AgentSocket
  stores: TenantStores
  tenant: TenantId
  machine: StoredMachine
  bootId: string
  agentNonce: string
  orderKeys: OrderKeys
  progress: ProgressBoard
  changed: ChangedActions
  lastSeen: LastSeen
  /** Where people read the report of an action. */
  reportUrl: (actionId: MachineActionId) => string
  silence: AllowedSilence
  holdsSignatures: () => Promise<boolean>
  /** What that said as the connection was opened. */
  heldSignatures: boolean
  logger: Logger
  mayGetOrders: (session: Session) => boolean
  /** Open actions that other live connections of this machine listed. */
  listedElsewhere: (session: Session) => readonly OpenAction[]
  close: (code: number, reason: string) => void
  /** An event was new: a frame well spent. */
  onNewEvent: () => void
}

/** One authenticated connection of one machine. Whatever a frame says, only this machine's own actions are touched. */
export class Session implements Sitter {
  readonly tenant: TenantId
  readonly machineId: MachineId
  readonly bootId: string
  readonly publicKey: string
  readonly name: string
  readonly remoteAddress: string | null
  readonly #parts: SessionParts
  readonly #orders: OrderDesk
  readonly #settings: SettingsDesk
  readonly #known = new Set<MachineActionId>()
  #listed: readonly OpenAction[] = []
  #chain: Promise<void> = Promise.resolve()
  #waiting = 0
  #isDraining = false
  #isDisowned = false

  constructor(parts: SessionParts) {
    const { tenant, machine, bootId, socket } = parts
    this.#parts = parts
    this.tenant = tenant
    this.machineId = machine.id
    this.bootId = bootId
    this.publicKey = machine.publicKey
    this.name = machine.computerDnsName
    this.remoteAddress = socket.remoteAddress
    this.#settings = new SettingsDesk({
      orderKey: parts.orderKeys.current,
      machineId: machine.id,
      agentNonce: parts.agentNonce,
    })
    this.#orders = new OrderDesk({
      stores: parts.stores,
      orderKey: parts.orderKeys.current,
      machineId: machine.id,
      publicKey: machine.publicKey,
      agentNonce: parts.agentNonce,
      send: (frame) => this.#send(frame),
      mayGetOrders: () => !this.#isDraining && parts.mayGetOrders(this),
      onKeyReplaced: () => this.#disown(),
    })
  }

  /** What the agent has in its journal, as it last said. */
  get listed(): readonly OpenAction[] {
    return this.#listed
  }

  /** Takes a frame. What changes rows happens one after the other, in the order of arrival. */
  receive(frame: SessionFrame): void {
    if (this.#isDraining) return
    this.#parts.lastSeen.note(this.tenant, this.machineId)
    switch (frame.type) {
      case 'progress':
        this.#takeProgress(frame)
        break
      case 'heartbeat':
        this.#queue(() => this.#reconcile(frame))
        break
      case 'event':
        this.#queue(() => this.#takeEvent(frame))
        break
      case 'quarantine':
        this.#queue(() => this.#takeQuarantine(frame))
        break
      case 'inventory':
        this.#queue(() => this.#takeInventory(frame))
        break
    }
  }

  /** Tells the agent that it is who it says, and which key signs its orders from here on. */
  welcome(heartbeatMs: number): void {
    const { orderKeys, heldSignatures } = this.#parts
    const settings = this.#settings.tell(heldSignatures)
    this.#send({ type: 'welcome', heartbeatMs, orderKeys: [...orderKeys.chain], ...settings })
  }

  /** Sends what the server owes, unless it is on its way already. */
  async sendOwed(): Promise<void> {
    try {
      await this.#orders.look()
    } catch (err) {
      // The rows still say what is owed; the next heartbeat looks again.
      this.#parts.logger.error({ err, machineId: this.machineId }, 'owed orders could not be sent')
    }
  }

  /** Takes no more frames and settles when what arrived is answered. */
  async drain(): Promise<void> {
    this.#isDraining = true
    await this.#chain
  }

  checkKey(): void {
    void this.#checkKey()
  }

  close(code: number, reason: string): void {
    this.#parts.close(code, reason)
  }

  supersede(): void {
    this.close(CLOSE.superseded, 'a newer connection of this machine took over')
  }

  terminate(): void {
    this.#parts.socket.terminate()
  }

  probe(onAlive: () => void): void {
    this.#parts.socket.probe(onAlive)
  }

  async #checkKey(): Promise<void> {
    const { stores, logger } = this.#parts
    try {
      const machine = await stores.machines.find(this.machineId)
      if (machine?.publicKey !== this.publicKey) this.#disown()
    } catch (err) {
      logger.error({ err, machineId: this.machineId }, 'the key of a machine could not be checked')
      this.close(CLOSE.goingAway, 'the server could not read that')
    }
  }

  /** Nothing that was said with a key which is nobody's counts from here on. */
  #disown(): void {
    this.#isDisowned = true
    this.close(CLOSE.notAuthenticated, 'the key of this machine was replaced')
  }

  #queue(work: () => Promise<void>): void {
    const { close, logger } = this.#parts
    this.#waiting += 1
    if (this.#waiting > MAX_WAITING_FRAMES) {
      close(CLOSE.badFrame, 'too many frames wait for their answer')
      return
    }
    this.#chain = this.#chain
      .then(() => (this.#isDisowned ? undefined : work()))
      .catch((err: unknown) => {
        logger.error({ err, machineId: this.machineId }, 'what a machine said was not written')
        // Nothing was acknowledged: the agent connects again and tells it anew.
        close(CLOSE.goingAway, 'the server could not write that')
      })
      .finally(() => {
        this.#waiting -= 1
      })
  }

  async #reconcile({ openActions }: Told<'heartbeat'>): Promise<void> {
    const { stores, silence, changed, listedElsewhere, holdsSignatures } = this.#parts
    this.#listed = openActions
    const own = listOf(openActions)
    // While a copy of the key is about, nobody knows which connection tells the whole of it: what any lists is there.
    const listed = listOf([...openActions, ...listedElsewhere(this)])
    const { verdicts, failed } = await stores.scans.reconcile({
      machineId: this.machineId,
      listed: [...listed.values()],
      ...silence,
    })
    for (const { id } of failed) changed.add(this.tenant, id)
    const actions = verdicts.filter(({ actionId }) => own.has(actionId))
    for (const { actionId, verdict } of actions) if (verdict !== 'forget') this.#know(actionId)
    this.#send({ type: 'reconciled', actions, ...this.#settings.tell(await holdsSignatures()) })
    this.#orders.heartbeat(own.keys())
    await this.sendOwed()
  }

  async #takeEvent({ actionId: text, number, event }: Told<'event'>): Promise<void> {
    const { stores, progress, changed, reportUrl, silence, onNewEvent } = this.#parts
    const actionId = readMachineActionId(text)
    if (!actionId) return
    if (event.kind === 'started') progress.attemptBegan(this.tenant, actionId, event.attempt)
    const told = { machineId: this.machineId, actionId, number, event, ...silence }
    const ofScan = await stores.scans.takeEvent({ ...told, reportUrl: reportUrl(actionId) })
    const taken = ofScan.kind === 'unknown' ? await stores.machineTasks.takeEvent(told) : ofScan
    switch (taken.kind) {
      case 'stored':
        onNewEvent()
        this.#know(actionId)
        this.#send({ type: 'ack', actionId: text, number })
        changed.add(this.tenant, actionId)
        // The machine has its hands free.
        if (event.kind !== 'accepted' && event.kind !== 'started' && event.kind !== 'detection') {
          void this.sendOwed()
        }
        return
      case 'repeated':
        return this.#send({ type: 'ack', actionId: text, number })
      case 'gap':
        // What is missing is asked for by naming what is there; with nothing there the next heartbeat's answer does.
        if (taken.ackedEvent > 0) this.#send({ type: 'ack', actionId: text, number: taken.ackedEvent })
        return
      case 'unknown':
        // The answer to the next heartbeat says to forget it.
        return
    }
  }

  async #takeInventory({ inventory }: Told<'inventory'>): Promise<void> {
    await this.#parts.stores.machines.recordInventory(this.machineId, inventory, this.remoteAddress)
  }

  async #takeQuarantine({ files }: Told<'quarantine'>): Promise<void> {
    const machine = { machineId: this.machineId, computerDnsName: this.name }
    await this.#parts.stores.quarantine.takeWord(machine, files)
  }

  #takeProgress({ actionId: text, progress }: Told<'progress'>): void {
    const actionId = readMachineActionId(text)
    // Only what the rows have shown to be this machine's own.
    if (!actionId || !this.#known.has(actionId)) return
    this.#parts.progress.note({ tenant: this.tenant, machineId: this.machineId, actionId, progress })
  }

  #know(actionId: MachineActionId): void {
    if (this.#known.size >= MAX_KNOWN_ACTIONS) this.#known.clear()
    this.#known.add(actionId)
  }

  #send(frame: ServerFrame): void {
    this.#parts.socket.send(JSON.stringify(frame))
  }
}

function listOf(actions: readonly OpenAction[]) {
  const list = new Map<MachineActionId, { actionId: MachineActionId; lastEvent: number; ended: boolean }>()
  for (const { actionId: text, lastEvent, ended } of actions) {
    const actionId = readMachineActionId(text)
    if (actionId && !list.has(actionId)) list.set(actionId, { actionId, lastEvent, ended })
  }
  return list
}
