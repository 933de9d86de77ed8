import type { Clock, Timer } from '@fleetsweep/protocol'
import { type ClamdReply, ReplyReader } from './clamd-replies.ts'
import type { ClamdTransport } from './clamd-transport.ts'

/** What became of a file that was sent. */
export type Answer =
  | { kind: 'reply'; reply: Exclude<ClamdReply, { kind: 'pong' }> }
  /** Nobody knows about the file: the connection ended first, or the answer is not to be believed. */
  | { kind: 'lost'; why: string }
  /** No answer within the time that clamd allows itself, and more. */
  | { kind: 'overdue' }

export type ConnectionLimits = {
  /** From when a file is one of the oldest `inHand` without an answer: the others wait for these. */
  fileTimeoutMs: number
  inHand: number
  /** Most files that are sent and not answered. */
  window: number
  /** clamd ends a session in which *we* are silent, even while it works on our files; so we are not. */
  pingEveryMs: number
}

/** Pings without an answer after which clamd counts as hung. */
const PINGS_BEFORE_GIVING_UP = 3
/** Of a window, how much is waited for before answers are taken. */
const RESTED_SHARE = 1 / 2
const REST_MS = { atLeast: 1, atMost: 10 }

/** One session (IDSESSION) with clamd: files go in, answers come back in any order. */
export class ClamdConnection {
  readonly #transport: ClamdTransport
  readonly #clock: Clock
  readonly #limits: ConnectionLimits
  readonly #onHung: () => void
  readonly #reader = new ReplyReader()
  /** By the number that clamd gives each command: every file and every ping has one. */
  readonly #open = new Map<number, { settle: (answer: Answer) => void; watchdog?: Timer }>()
  readonly #pings = new Set<number>()
  #waiting = 0
  #commands = 0
  #sending: Promise<void> = Promise.resolve()
  #pingTimer: Timer | undefined
  #restTimer: Timer | undefined
  #lastAnswerMs: number
  #closed: string | undefined

  /** @param onHung called when clamd has stopped answering altogether */
  constructor(transport: ClamdTransport, clock: Clock, limits: ConnectionLimits, onHung: () => void) {
    this.#transport = transport
    this.#clock = clock
    this.#limits = limits
    this.#onHung = onHung
    this.#lastAnswerMs = clock.monotonicMs()
    transport.onData = (chunk) => this.#read(chunk)
    transport.stream.on('error', (error) => this.close(error.message))
    transport.stream.on('close', () => this.close(this.#reader.unfinished() || 'clamd closed the connection'))
    transport.stream.on('end', () => this.close(this.#reader.unfinished() || 'clamd closed the connection'))
    this.#send(() => transport.sendCommand('IDSESSION'))
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  /** Sends an open file; settles with the answer, never rejects. */
  judge(descriptor: number, sizeBytes: number): Promise<Answer> {
    return new Promise((settle) => {
      if (this.#closed !== undefined) return settle({ kind: 'lost', why: this.#closed })
      this.#waiting++
      const done = (answer: Answer) => {
        this.#waiting--
        settle(answer)
      }
      this.#send(
        () => {
          const id = ++this.#commands
          this.#open.set(id, { settle: done })
          this.#watch()
          return this.#transport.sendFile(descriptor, sizeBytes)
        },
        (why) => done({ kind: 'lost', why }),
      )
      this.#schedulePing()
    })
  }

  /** Ends the session; files without an answer are lost. */
  close(why: string): void {
    if (this.#closed !== undefined) return
    this.#closed = why
    this.#pingTimer?.cancel()
    this.#restTimer?.cancel()
    this.#transport.stream.destroy()
    const open = [...this.#open.values()]
    this.#open.clear()
    for (const file of open) {
      file.watchdog?.cancel()
      file.settle({ kind: 'lost', why })
    }
  }

  /** One message after the other; what waits when the session ends is never sent, for its descriptor may be closed. */
  #send(message: () => Promise<void>, unsent: (why: string) => void = () => {}): void {
    this.#sending = this.#sending.then(async () => {
      if (this.#closed !== undefined) return unsent(this.#closed)
      try {
        await message()
      } catch (error) {
        this.close(error instanceof Error ? error.message : String(error))
      }
    })
  }

  #read(chunk: Buffer): void {
    const before = this.#open.size
    for (const reply of this.#reader.push(chunk)) this.#take(reply)
    if (this.#reader.broken !== undefined) this.close(this.#reader.broken)
    else {
      this.#watch()
      this.#rest(before, before - this.#open.size)
    }
  }

  /**
   * Lets some answers gather while clamd has enough to do. Who wakes for each of them finds the caches full of what clamd
   * reads, and takes a quarter more time.
   */
  #rest(open: number, answered: number): void {
    if (answered === 0) return
    const nowMs = this.#clock.monotonicMs()
    const answerMs = (nowMs - this.#lastAnswerMs) / answered
    this.#lastAnswerMs = nowMs
    const { window } = this.#limits
    const restMs = Math.min(answerMs * window * RESTED_SHARE, REST_MS.atMost)
    if (open <= window / 2 || restMs < REST_MS.atLeast) return
    this.#transport.stream.pause()
    this.#restTimer = this.#clock.setTimer(restMs, () => this.#transport.stream.resume())
  }

  /** clamd takes files in the order in which they came. */
  #watch(): void {
    let inHand = 0
    for (const [id, file] of this.#open) {
      file.watchdog ??= this.#clock.setTimer(this.#limits.fileTimeoutMs, () => this.#overdue(id))
      if (++inHand >= this.#limits.inHand) return
    }
  }

  #take(reply: ClamdReply): void {
    if (reply.kind === 'pong' ? this.#open.has(reply.id) : this.#pings.has(reply.id)) {
      this.close(`answer ${reply.id} is of the wrong kind`)
      return
    }
    if (reply.kind === 'pong') {
      // One PONG shows that clamd lives; earlier pings no longer matter.
      this.#pings.clear()
      return
    }
    const file = this.#open.get(reply.id)
    // Never asked, or answered before: clamd answers some commands twice, and the second answer is about nothing.
    if (!file) return
    this.#open.delete(reply.id)
    file.watchdog?.cancel()
    file.settle({ kind: 'reply', reply })
  }

  #overdue(id: number): void {
    const file = this.#open.get(id)
    this.#open.delete(id)
    file?.settle({ kind: 'overdue' })
  }

  #schedulePing(): void {
    this.#pingTimer ??= this.#clock.setTimer(this.#limits.pingEveryMs, () => {
      this.#pingTimer = undefined
      if (this.#closed !== undefined || this.#waiting === 0) return
      if (this.#pings.size >= PINGS_BEFORE_GIVING_UP) {
        this.close('clamd does not answer any more')
        this.#onHung()
        return
      }
      this.#send(() => {
        this.#pings.add(++this.#commands)
        return this.#transport.sendCommand('PING')
      })
      this.#schedulePing()
    })
  }
}
