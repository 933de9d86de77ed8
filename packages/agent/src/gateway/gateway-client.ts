import {
  type AgentSettings,
  CLOSE,
  type Clock,
  type Inventory,
  type KeptFile,
  type ScanProgress,
  type Timer,
} from '@fleetsweep/protocol'
import type { ActionQueue } from '../actions/action-queue.ts'
import type { TaskQueue } from '../actions/task-queue.ts'
import type { Identity } from '../enrollment/identity.ts'
import type { Journal } from '../journal/journal.ts'
import type { Logger } from '../os/logger.ts'
import { followChain } from '../signing/order-key-chain.ts'
import { type Backoff, fullJitterMs, RECONNECT } from './backoff.ts'
import { Channel, type ChannelEnd, type Welcome } from './channel.ts'
import { Session } from './session.ts'

/** After a refusal that only enrolling anew can mend. */
const NOT_AUTHENTICATED: Backoff = { baseMs: 600_000, capMs: 600_000 }
/** While another connection of this machine is in use; two that fight for it would never rest. */
const SUPERSEDED_PAUSE_MS = 30_000

/** Where the agent stands with its server. */
export type ConnectionState =
  | { kind: 'connecting' }
  | { kind: 'connected' }
  /** Tries again after `retryInMs`. */
  | { kind: 'disconnected'; reason: string; retryInMs: number }
  /** The server knows this machine, or its key, no more. */
  | { kind: 'notAuthenticated'; reason: string; retryInMs: number }
  | { kind: 'closed' }

export type GatewayClientParts = {
  identity: Identity
  /** Puts a grown chain of order keys on disk; they are trusted after it returns. */
  keepIdentity: (identity: Identity) => void
  bootId: string
  agentVersion: string
  journal: Journal
  queue: ActionQueue
  tasks: Pick<TaskQueue, 'order'>
  inventory: () => Promise<Inventory>
  quarantineNews: () => readonly KeptFile[]
  clock: Clock
  random: () => number
  logger: Logger
  onState: (state: ConnectionState) => void
  onSettings: (settings: AgentSettings) => void
  /** The server has all there was to tell of an action that is over. */
  onTold: (actionId: string) => void
  /** The journal or the identity cannot be written: the agent must not go on. */
  onBroken: (error: unknown) => void
}

/** Keeps the machine connected to its gateway. */
export class GatewayClient {
  readonly #parts: GatewayClientParts
  #identity: Identity
  #channel: Channel | undefined
  #session: Session | undefined
  #pause: Timer | undefined
  #failures = 0
  #isClosed = false

  constructor(parts: GatewayClientParts) {
    this.#parts = parts
    this.#identity = parts.identity
  }

  start(): void {
    this.#connect()
  }

  /** Ends the connection and does not come back. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#pause?.cancel()
    this.#session?.close()
    this.#channel?.end('the agent ends')
    await this.#channel?.ended
    this.#parts.onState({ kind: 'closed' })
  }

  /** The journal holds something new to tell. */
  tell(): void {
    this.#session?.tell()
  }

  tellProgress(actionId: string, progress: ScanProgress): void {
    this.#session?.tellProgress(actionId, progress)
  }

  /** A scan goes on no more; engine or signatures may be others now. */
  scanEnded(actionId: string): void {
    this.#session?.scanEnded(actionId)
  }

  #connect(): void {
    const { bootId, agentVersion, clock, logger, onState } = this.#parts
    onState({ kind: 'connecting' })
    const channel = new Channel({
      identity: this.#identity,
      bootId,
      agentVersion,
      clock,
      logger,
      onWelcome: (welcome) => this.#guard(() => this.#welcome(channel, welcome)),
      onFrame: (frame) => this.#guard(() => this.#session?.receive(frame)),
    })
    this.#channel = channel
    void channel.ended.then((end) => this.#ended(end))
  }

  #welcome(channel: Channel, welcome: Welcome): void {
    const { logger, onState } = this.#parts
    const orderKeys = followChain(this.#identity.orderKeys, welcome.orderKeys, this.#identity.tenant)
    const orderKey = orderKeys?.at(-1)
    if (orderKeys === undefined || orderKey === undefined) {
      logger.error({}, 'the keys that sign orders do not descend from the one that this machine trusts')
      channel.end('the keys that sign orders do not descend from the one that this machine trusts')
      return
    }
    if (orderKeys.length > this.#identity.orderKeys.length) {
      const grown = { ...this.#identity, orderKeys }
      this.#parts.keepIdentity(grown)
      this.#identity = grown
      logger.info({ keyId: orderKey.keyId }, 'orders are signed by a new key from now on')
    }
    this.#session = new Session({
      ...this.#parts,
      machineId: this.#identity.machineId,
      agentNonce: channel.agentNonce,
      orderKey,
      heartbeatMs: welcome.heartbeatMs,
      send: (frame) => channel.send(frame),
      hangUp: (reason) => channel.end(reason),
      onReconciled: () => {
        this.#failures = 0
        logger.info({ server: this.#identity.serverUrl }, 'connected')
        onState({ kind: 'connected' })
      },
    })
    this.#session.start(welcome.settings)
  }

  #ended(end: ChannelEnd): void {
    this.#session?.close()
    this.#session = undefined
    if (this.#isClosed) return
    this.#failures++
    const { clock, logger, onState } = this.#parts
    const retryInMs = Math.round(this.#pauseAfter(end))
    const kind = end.code === CLOSE.notAuthenticated ? 'notAuthenticated' : 'disconnected'
    if (kind === 'notAuthenticated') {
      logger.error(
        { ...end, retryInMs },
        'the server does not accept this machine: enroll it again with a new token',
      )
    } else {
      logger.warn({ ...end, retryInMs, failures: this.#failures }, 'not connected')
    }
    onState({ kind, reason: end.reason, retryInMs })
    this.#pause = clock.setTimer(retryInMs, () => this.#connect())
  }

  #pauseAfter({ code }: ChannelEnd): number {
    const random = this.#parts.random()
    switch (code) {
      case CLOSE.notAuthenticated:
        // Not from nothing: what is wrong will not have changed by then.
        return fullJitterMs(1, 0.5 + random / 2, NOT_AUTHENTICATED)
      case CLOSE.superseded:
        return SUPERSEDED_PAUSE_MS * (1 + random)
      default:
        return fullJitterMs(this.#failures, random, RECONNECT)
    }
  }

  #guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#parts.onBroken(error)
    }
  }
}
