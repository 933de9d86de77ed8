import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  CLOSE,
  type Clock,
  type MachineActionId,
  type MachineId,
  type TenantId,
  type Timer,
} from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { Bus, Hint } from '../kit/bus.ts'
import type { TrustedProxies } from '../kit/http/index.ts'
import type { AllowedSilence } from '../scan/index.ts'
import type { SigningKeys } from '../signing-key/index.ts'
import type { Stores } from '../stores.ts'
import type { AgentSocket } from './agent-socket.ts'
import type { Authenticated, Hello } from './authenticate.ts'
import { ChangedActions } from './changed-actions.ts'
import { Connection } from './connection.ts'
import { LastSeen } from './last-seen.ts'
import { ProgressBoard } from './progress-board.ts'
import { Seats } from './seats.ts'
import { Session } from './session.ts'
import { TokenBucket } from './token-bucket.ts'
import { WakeQueue } from './wake-queue.ts'
import { WebSocketGate } from './web-socket-gate.ts'

export type GatewayOptions = {
  /** How often an agent reports; each adds its own jitter. */
  heartbeatMs: number
  /** How long an action may be silent before it ends as `TimeOut`. */
  silence: AllowedSilence
  /** New connections a second, and at once. */
  accept: { burst: number; perSecond: number }
  /** From the first byte of a connection to its hello. */
  handshakeTimeoutMs: number
  /** Within this a live agent answers when it is asked whether it lives. */
  probeMs: number
}

export const GATEWAY_DEFAULTS: GatewayOptions = {
  heartbeatMs: 60_000,
  silence: { silenceMs: 72 * 3_600_000, checkpointSilenceMs: 168 * 3_600_000 },
  accept: { burst: 500, perSecond: 200 },
  handshakeTimeoutMs: 10_000,
  probeMs: 3_000,
}

export type GatewayParts = {
  stores: Stores
  signingKeys: Pick<SigningKeys, 'orderKeys'>
  bus: Bus
  clock: Clock
  logger: Logger
  newId: () => string
  randomBytes: (size: number) => Buffer
  /** The id that this server keeps for ever. */
  serverId: string
  /** Whose word counts about where a request came from. */
  proxies: TrustedProxies
  /** Where people read the report of an action. */
  reportUrl: (tenant: TenantId, actionId: MachineActionId) => string
  /** True while this server can give signatures to machines. */
  holdsSignatures: () => Promise<boolean>
  options?: Partial<GatewayOptions>
}

/** One sweep looks after all connections: no timer for each of them. */
const SWEEP_MS = 1_000
const PROGRESS_EVERY_SWEEPS = 2
const SEEN_EVERY_SWEEPS = 15
/** An agent that missed three heartbeats is gone. */
const SILENT_AFTER_HEARTBEATS = 3.5
/** What a closing handshake may take before the socket is ended. */
const GOODBYE_MS = 5_000
const MAX_HANDSHAKES = 2_000

/** Where the server meets agents: holds their connections, gives them orders and takes what they tell. */
export class Gateway {
  readonly #parts: GatewayParts
  readonly #options: GatewayOptions
  readonly #gate: WebSocketGate
  readonly #accepts: TokenBucket
  readonly #connections = new Set<Connection>()
  /** Oldest first. */
  readonly #handshakes = new Set<Connection>()
  readonly #seats: Seats<Session>
  readonly #progress: ProgressBoard
  readonly #lastSeen: LastSeen
  readonly #changed: ChangedActions
  readonly #wakes = new WakeQueue<Session>((session) => void session.sendOwed())
  readonly #unsubscribe: () => void
  #sweepTimer: Timer
  #sweeps = 0
  #isDraining = false

  constructor(parts: GatewayParts) {
    const options = { ...GATEWAY_DEFAULTS, ...parts.options }
    this.#parts = parts
    this.#options = options
    this.#accepts = new TokenBucket(parts.clock, options.accept)
    this.#gate = new WebSocketGate({
      mayEnter: () => this.#mayEnter(),
      proxies: parts.proxies,
      onSocket: (socket) => this.#accept(socket),
    })
    this.#progress = new ProgressBoard({ ...parts, silence: options.silence })
    this.#lastSeen = new LastSeen(parts)
    this.#changed = new ChangedActions(parts.bus)
    this.#seats = new Seats({
      afterProbe: (run) => parts.clock.setTimer(options.probeMs, run),
      onTwins: (newer, older) => void this.#holdOrders(newer, older),
      onSettled: (session) => this.#wakes.add(session),
    })
    this.#unsubscribe = parts.bus.subscribe((hint) => this.#hear(hint))
    this.#sweepTimer = this.#scheduleSweep()
  }

  /** Listener for `upgrade` of the HTTP server. Requests for any other path are answered 404. */
  readonly upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    this.#gate.upgrade(request, stream, head)
  }

  /** True while the machine has a connection to this node. */
  isConnected(tenant: TenantId, machineId: MachineId): boolean {
    return this.#seats.of(tenant, machineId).length > 0
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Lets nobody in any more, answers what has arrived, says goodbye to all, and writes what is still in memory. */
  async drain(): Promise<void> {
    this.#isDraining = true
    this.#unsubscribe()
    this.#sweepTimer.cancel()
    const gone = Promise.withResolvers<void>()
    this.#allGone = gone.resolve
    await Promise.all(
      [...this.#connections].map(async (connection) => {
        await connection.session?.drain()
        connection.close(CLOSE.goingAway, 'the server is going away')
      }),
    )
    await Promise.all([this.#progress.flush(), this.#lastSeen.flush()])
    if (this.#connections.size === 0) return
    const tooLong = this.#parts.clock.setTimer(GOODBYE_MS, () => {
      for (const connection of this.#connections) connection.terminate()
    })
    await gone.promise
    tooLong.cancel()
  }

  #allGone: () => void = () => {}

  #mayEnter(): boolean {
    return !this.#isDraining && this.#handshakes.size < MAX_HANDSHAKES && this.#accepts.take()
  }

  #accept(socket: AgentSocket): void {
    const { stores, serverId, clock, logger, randomBytes } = this.#parts
    const connection = new Connection({
      socket,
      stores,
      serverId,
      nonce: randomBytes(32).toString('base64url'),
      heartbeatMs: this.#options.heartbeatMs,
      clock,
      logger,
      prepare: (own, authenticated, hello) => this.#prepare(own, socket, authenticated, hello),
      onOpen: (session) => this.#open(connection, session),
      onClose: (own) => this.#closed(own),
    })
    this.#connections.add(connection)
    this.#handshakes.add(connection)
  }

  async #prepare(
    connection: Connection,
    socket: AgentSocket,
    { tenant, machine }: Authenticated,
    { bootId, agentNonce }: Hello,
  ): Promise<Session> {
    const { stores, signingKeys, logger, reportUrl, holdsSignatures } = this.#parts
    return new Session({
      socket,
      stores: stores.forTenant(tenant),
      tenant,
      machine,
      bootId,
      agentNonce,
      orderKeys: await signingKeys.orderKeys(tenant),
      holdsSignatures,
      heldSignatures: await holdsSignatures(),
      progress: this.#progress,
      changed: this.#changed,
      lastSeen: this.#lastSeen,
      reportUrl: (actionId) => reportUrl(tenant, actionId),
      silence: this.#options.silence,
      logger,
      mayGetOrders: (session) => this.#seats.mayGetOrders(session),
      listedElsewhere: (session) =>
        this.#seats.of(tenant, machine.id).flatMap((other) => (other === session ? [] : other.listed)),
      close: (code, reason) => connection.close(code, reason),
      onNewEvent: () => connection.frameWellSpent(),
    })
  }

  #open(connection: Connection, session: Session): void {
    this.#handshakes.delete(connection)
    if (this.#isDraining) {
      connection.close(CLOSE.goingAway, 'the server is going away')
      return
    }
    session.welcome(this.#options.heartbeatMs)
    this.#seats.join(session)
    this.#lastSeen.noteConnected(session.tenant, session.machineId)
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection)
    this.#handshakes.delete(connection)
    const { session } = connection
    if (session) {
      this.#seats.leave(session)
      this.#lastSeen.note(session.tenant, session.machineId)
    }
    if (this.#connections.size === 0) this.#allGone()
  }

  #hear(hint: Hint): void {
    if (hint.topic === 'wake') this.#forSessions(hint, (session) => this.#wakes.add(session))
    else if (hint.topic === 'machineKeys') this.#forSessions(hint, (session) => session.checkKey())
  }

  #forSessions(
    { tenant, machineIds }: { tenant: string; machineIds: readonly string[] },
    act: (session: Session) => void,
  ): void {
    for (const machineId of machineIds) {
      for (const session of this.#seats.of(tenant, machineId)) act(session)
    }
  }

  /** The copy of a key must be seen by people, and outlast this process: see ADR 2. */
  async #holdOrders(newer: Session, older: Session): Promise<void> {
    const { stores, newId, logger } = this.#parts
    const { tenant, machineId, name } = newer
    logger.warn(
      { machineId, newer: newer.bootId, older: older.bootId },
      'the key of a machine is in use twice',
    )
    try {
      await stores
        .forTenant(tenant)
        .machines.holdOrders(
          machineId,
          'Two machines use its key at the same time. Enroll it with a token that replaces its key.',
          {
            id: newId(),
            principal: { kind: 'machine', id: machineId, name },
            operation: 'machine.holdOrders',
            target: machineId,
            detail: {
              newerBootId: newer.bootId,
              newerAddress: newer.remoteAddress,
              olderBootId: older.bootId,
              olderAddress: older.remoteAddress,
            },
          },
        )
    } catch (err) {
      logger.error({ err, machineId }, 'orders could not be held')
      // Only the row outlasts these connections: both come back and are asked again.
      for (const session of [newer, older]) session.close(CLOSE.goingAway, 'the server could not write that')
    }
  }

  #scheduleSweep(): Timer {
    return this.#parts.clock.setTimer(SWEEP_MS, () => {
      this.#sweep()
      this.#sweepTimer = this.#scheduleSweep()
    })
  }

  #sweep(): void {
    this.#sweeps += 1
    const nowMs = this.#parts.clock.monotonicMs()
    for (const connection of this.#handshakes) {
      if (nowMs - connection.openedAtMs < this.#options.handshakeTimeoutMs) break
      this.#handshakes.delete(connection)
      connection.close(CLOSE.badFrame, 'no hello in time')
    }
    if (this.#sweeps % PROGRESS_EVERY_SWEEPS === 0) void this.#progress.flush()
    if (this.#sweeps % SEEN_EVERY_SWEEPS !== 0) return
    void this.#lastSeen.flush()
    const silentMs = this.#options.heartbeatMs * SILENT_AFTER_HEARTBEATS
    for (const connection of this.#connections) {
      if (nowMs - connection.heardAtMs > silentMs) connection.terminate()
    }
  }
}
