import { CLOSE, type Clock } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { Stores } from '../stores.ts'
import type { AgentSocket } from './agent-socket.ts'
import { type Authenticated, authenticate, type Hello } from './authenticate.ts'
import { readAgentFrame } from './read-frame.ts'
import type { Session, SessionFrame } from './session.ts'
import { TokenBucket } from './token-bucket.ts'

/** Frames that a connection may send. New events do not count: they are held back by their acknowledgements. */
const FRAMES = { burst: 300, perSecond: 50 }
/** They cost a transaction each, or more. */
const LONG_FRAMES = { burst: 10, perHeartbeat: 4 }

export type ConnectionParts = {
  socket: AgentSocket
  stores: Stores
  serverId: string
  /** Random, for this connection alone. */
  nonce: string
  heartbeatMs: number
  clock: Clock
  logger: Logger
  /** Prepares the session of a machine that has proven who it is. */
  prepare: (connection: Connection, authenticated: Authenticated, hello: Hello) => Promise<Session>
  /** The session may begin: the agent is welcome. */
  onOpen: (session: Session) => void
  onClose: (connection: Connection) => void
}

/** One socket from its challenge to its end: who speaks, and that frames come in shape, in turn and not too fast. */
export class Connection {
  readonly openedAtMs: number
  readonly #parts: ConnectionParts
  readonly #frames: TokenBucket
  readonly #longFrames: TokenBucket
  #stage: 'hello' | 'authenticating' | 'open' | 'closing' | 'closed' = 'hello'
  #session: Session | undefined
  #heardAtMs: number

  constructor(parts: ConnectionParts) {
    const { clock, heartbeatMs, socket } = parts
    this.#parts = parts
    this.openedAtMs = clock.monotonicMs()
    this.#heardAtMs = this.openedAtMs
    this.#frames = new TokenBucket(clock, FRAMES)
    this.#longFrames = new TokenBucket(clock, {
      burst: LONG_FRAMES.burst,
      perSecond: (LONG_FRAMES.perHeartbeat * 1_000) / heartbeatMs,
    })
    socket.listen({
      onText: (text) => this.#onText(text),
      onPing: () => this.#onPing(),
      onClose: () => {
        this.#stage = 'closed'
        parts.onClose(this)
      },
    })
    socket.send(JSON.stringify({ type: 'challenge', nonce: parts.nonce, serverId: parts.serverId }))
  }

  get session(): Session | undefined {
    return this.#session
  }

  get heardAtMs(): number {
    return this.#heardAtMs
  }

  get isOpen(): boolean {
    return this.#stage === 'open'
  }

  close(code: number, reason: string): void {
    if (this.#stage === 'closing' || this.#stage === 'closed') return
    this.#stage = 'closing'
    this.#parts.socket.close(code, reason)
  }

  terminate(): void {
    this.#parts.socket.terminate()
  }

  /** A new event was taken: the frame that brought it does not count. */
  frameWellSpent(): void {
    this.#frames.giveBack()
  }

  #onPing(): void {
    if (this.#frames.take()) return
    // No protocol of ours has it: whoever does this gets no goodbye.
    this.#parts.logger.warn({ address: this.#parts.socket.remoteAddress }, 'too many pings from an agent')
    this.terminate()
  }

  #onText(text: string): void {
    if (this.#stage === 'closing' || this.#stage === 'closed') return
    const frame = this.#frames.take() ? readAgentFrame(text) : 'tooMany'
    if (frame === 'tooMany') this.#refuse('too many frames', text.length)
    else if (!frame) this.#refuse('not a frame', text.length)
    else if (frame.type !== 'hello') this.#receive(frame, text.length)
    else if (this.#stage !== 'hello') this.#refuse('a second hello', text.length)
    else void this.#authenticate(frame)
  }

  #receive(frame: SessionFrame, size: number): void {
    this.#heardAtMs = this.#parts.clock.monotonicMs()
    const isLong = ['heartbeat', 'inventory', 'quarantine'].includes(frame.type)
    if (!this.#session) this.#refuse(`${frame.type} before the welcome`, size)
    else if (isLong && !this.#longFrames.take()) this.#refuse(`too many frames "${frame.type}"`, size)
    else this.#session.receive(frame)
  }

  async #authenticate(hello: Hello): Promise<void> {
    this.#stage = 'authenticating'
    const { nonce, serverId, stores, prepare, onOpen, logger, socket } = this.#parts
    try {
      const authenticated = await authenticate(hello, { nonce, serverId }, stores)
      if (!authenticated) {
        logger.warn({ machineId: hello.machineId, address: socket.remoteAddress }, 'agent not authenticated')
        return this.close(CLOSE.notAuthenticated, 'enroll this machine again')
      }
      const session = await prepare(this, authenticated, hello)
      // It may have ended while the database answered.
      if (!this.#isAuthenticating()) return
      this.#session = session
      this.#stage = 'open'
      onOpen(session)
    } catch (err) {
      logger.error({ err }, 'a handshake failed')
      this.close(CLOSE.goingAway, 'the server could not finish the handshake')
    }
  }

  #isAuthenticating(): boolean {
    return this.#stage === 'authenticating'
  }

  #refuse(why: string, size: number): void {
    const { logger, socket } = this.#parts
    const machineId = this.#session?.machineId
    logger.warn({ why, size, machineId, address: socket.remoteAddress }, 'bad frame from an agent')
    this.close(CLOSE.badFrame, why)
  }
}
