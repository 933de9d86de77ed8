import type { Clock, JudgingEngineInfo, StopProof } from '@fleetsweep/protocol'
import { delay } from '../../kit/delay.ts'
import { type EngineBrake, EngineError, type EngineSession, type Judgement } from '../engine.ts'
import { askClamd, isIdle } from './ask-clamd.ts'
import { type Answer, ClamdConnection, type ConnectionLimits } from './clamd-connection.ts'
import type { ConnectClamd } from './clamd-transport.ts'
import type { TemporaryRoom } from './temporary-room.ts'
import { judgementOf } from './verdict.ts'

/** The clamd behind a session. */
export interface ClamdProcess {
  /** False for one that others use, too: it is never ended. */
  readonly isOurs: boolean
  /** Absent where nobody can tell. */
  readonly room?: Pick<TemporaryRoom, 'failures' | 'lack'>
  /** Where clamd listens and with which signatures; starts it when it has died. */
  ensure(): Promise<{ socketPath: string; identity: string }>
  /** The socket while clamd is ready; undefined once its process is gone, and while it is starting. */
  readonly socketPath: string | undefined
  /** Ends the process; settles when it is gone. One that `hasFailed` counts as one that died by itself. */
  end(options?: { hasFailed: boolean }): Promise<void>
}

export type ClamdSessionOptions = {
  process: ClamdProcess
  /** Set for a clamd that is ours to slow down. */
  brake?: EngineBrake
  connect: ConnectClamd
  clock: Clock
  info: JudgingEngineInfo
  window: number
  ownFolders: readonly string[]
  limits: Omit<ConnectionLimits, 'window'>
  /** How long work under way may take to end by itself. Default: a second, after which our own process is ended. */
  stopWithinMs?: number
  /** See `EngineSession.confirm`. */
  confirm?: () => Promise<void>
  onDisposed: () => void
}

/** A file is tried together with others once, then alone this many times. */
const RETRIES_ALONE = 2
const CONNECT_ATTEMPTS = 3
/** As long as a session goes without an answer to its pings. */
const PINGS_TO_PROVE_LIFE = 3
/** How long work under way may take to end by itself before the process is ended. */
const STOP_GRACE_MS = 1_000

const CANCELLED: Judgement = { kind: 'notJudged', reason: 'cancelled', detail: 'while it was read' }

/**
 * Judges files over one session, and survives the death of clamd.
 *
 * The files that were open when a connection died may hold the one that killed it, so each is tried again alone, by a
 * clamd that was seen to answer after the death; one that loses its connection alone as well, twice, is an engine error,
 * and the others are judged. The same holds for those that clamd calls clean while it could not write.
 */
export class ClamdSession implements EngineSession {
  readonly info: JudgingEngineInfo
  readonly window: number
  readonly ownFolders: readonly string[]
  readonly isForeign: boolean
  readonly brake?: EngineBrake
  readonly #options: ClamdSessionOptions
  readonly #connections = new Set<ClamdConnection>()
  readonly #unsettled = new Set<(judgement: Judgement) => void>()
  #shared: ClamdConnection | undefined
  #opening: Promise<ClamdConnection> | undefined
  #asking = 0
  #alone = 0
  #waiters: (() => void)[] = []
  #stop: Promise<StopProof> | undefined

  constructor(options: ClamdSessionOptions) {
    this.info = options.info
    this.window = options.window
    this.ownFolders = options.ownFolders
    this.isForeign = !options.process.isOurs
    if (options.brake) this.brake = options.brake
    this.#options = options
  }

  judge(descriptor: number, sizeBytes: number): Promise<Judgement> {
    if (this.#stop) return Promise.resolve(CANCELLED)
    return new Promise((resolve, reject) => {
      const settle = (judgement: Judgement) => {
        this.#unsettled.delete(settle)
        resolve(judgement)
      }
      this.#unsettled.add(settle)
      this.#judge(descriptor, sizeBytes).then(settle, (error) => {
        this.#unsettled.delete(settle)
        reject(error)
      })
    })
  }

  async #judge(descriptor: number, sizeBytes: number): Promise<Judgement> {
    let why = ''
    for (let attempt = 0; attempt <= RETRIES_ALONE; attempt++) {
      const answer = await this.#ask(descriptor, sizeBytes, attempt > 0)
      if (this.#stop) return CANCELLED
      if (answer.kind === 'reply') return judgementOf(answer.reply)
      if (answer.kind === 'overdue') {
        // A thread of clamd is stuck for good, and only ending the process frees it.
        await this.#options.process.end()
        return { kind: 'notJudged', reason: 'timedOut', detail: 'no answer from the engine' }
      }
      why = answer.why
    }
    return { kind: 'notJudged', reason: 'engineError', detail: why.slice(0, 200) }
  }

  async #ask(descriptor: number, sizeBytes: number, alone: boolean): Promise<Answer> {
    if (alone) this.#alone++
    while (alone ? this.#asking > 0 : this.#alone > 0) await this.#turn()
    this.#asking++
    try {
      const connection = alone ? await this.#connect({ isProven: true }) : await this.#sharedConnection()
      const failures = this.#options.process.room?.failures
      const answer = await connection.judge(descriptor, sizeBytes)
      if (alone) connection.close('done')
      if (answer.kind === 'lost') return { kind: 'lost', why: `connection lost: ${answer.why}` }
      const doubt = await this.#doubt(answer, failures)
      return doubt === undefined ? answer : { kind: 'lost', why: doubt }
    } finally {
      this.#asking--
      if (alone) this.#alone--
      const waiters = this.#waiters
      this.#waiters = []
      for (const wake of waiters) wake()
    }
  }

  /** Why a clean verdict is none: clamd may have had no room for what it unpacked, and says OK all the same. */
  async #doubt(answer: Answer, failuresBefore: number | undefined): Promise<string | undefined> {
    const { room } = this.#options.process
    if (room === undefined || answer.kind !== 'reply' || answer.reply.kind !== 'clean') return undefined
    // It prints before it answers: what stood in the pipe by then has been read when the loop has polled once more.
    for (let turns = 0; turns < 2; turns++) await nextTurn()
    if (room.failures === failuresBefore) return room.lack()
    return room.lack() ?? 'the engine could not write its temporary files'
  }

  #turn(): Promise<void> {
    return new Promise((wake) => this.#waiters.push(wake))
  }

  async #sharedConnection(): Promise<ClamdConnection> {
    if (this.#shared && !this.#shared.isClosed) return this.#shared
    this.#opening ??= this.#connect()
      .then((connection) => {
        this.#shared = connection
        return connection
      })
      .finally(() => {
        this.#opening = undefined
      })
    return this.#opening
  }

  /**
   * @param options.isProven asks for a clamd that answers. One that is dying closes its sessions before the socket on
   *   which it listens, so it still takes connections, and a file that was sent there would pay for another.
   */
  async #connect({ isProven = false } = {}): Promise<ClamdConnection> {
    const { process, connect, clock, limits } = this.#options
    let cause: unknown
    for (let attempt = 0; attempt < CONNECT_ATTEMPTS; attempt++) {
      // A stop has proved that nothing runs; nothing may be started again behind its back.
      if (this.#stop) break
      const { socketPath, identity } = await process.ensure()
      if (identity !== this.info.signatures.identity) {
        throw new EngineError(
          'signaturesChanged',
          'The engine had to start again during the scan, and its signatures had been changed meanwhile.',
        )
      }
      try {
        const timeoutMs = limits.pingEveryMs * PINGS_TO_PROVE_LIFE
        if (isProven) await askClamd(socketPath, 'PING', { timeoutMs, clock })
        const transport = await connect(socketPath)
        const { window } = this
        const connection = new ClamdConnection(
          transport,
          clock,
          { ...limits, window },
          () => void process.end(),
        )
        transport.stream.once('close', () => this.#connections.delete(connection))
        this.#connections.add(connection)
        if (this.#stop) connection.close('stopped')
        return connection
      } catch (error) {
        // It is dying, or of no use to anybody.
        cause = error
        await process.end({ hasFailed: true })
      }
    }
    throw new EngineError(
      'engineDoesNotStart',
      'The engine does not accept connections, or does not answer.',
      {
        cause,
      },
    )
  }

  stop(): Promise<StopProof> {
    this.#stop ??= this.#stopAll()
    return this.#stop
  }

  async #stopAll(): Promise<StopProof> {
    const { process, clock } = this.#options
    const { stopWithinMs = STOP_GRACE_MS } = this.#options
    const deadline = clock.monotonicMs() + stopWithinMs
    for (const settle of [...this.#unsettled]) settle(CANCELLED)
    for (const connection of [...this.#connections]) connection.close('stopped')
    for (let left = stopWithinMs; left > 0; left = deadline - clock.monotonicMs()) {
      const socketPath = process.socketPath
      if (socketPath === undefined) break
      const stats = await askClamd(socketPath, 'STATS', { timeoutMs: left, clock }).catch(() => '')
      if (isIdle(stats)) return 'queueEmpty'
      await delay(clock, 50)
    }
    await process.end()
    // One that is not ours has ended what it had of us by its own limit for one file.
    return process.isOurs ? 'processGone' : 'queueEmpty'
  }

  async confirm(): Promise<void> {
    await this.#options.confirm?.()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop ??= Promise.resolve('queueEmpty' as const)
    for (const connection of [...this.#connections]) connection.close('the scan has ended')
    this.#options.onDisposed()
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
