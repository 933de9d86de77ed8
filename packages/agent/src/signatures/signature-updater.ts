import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addMs, type Clock, type Instant, MICROSECONDS_PER_MS, type Timer } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'
import { LazySchema } from '../kit/lazy-schema.ts'
import { writeDurably } from '../os/durable-file.ts'
import type { Logger } from '../os/logger.ts'
import { parseJson } from '../os/parse-json.ts'
import type { FreshclamOptions } from './freshclam.ts'
import { type FreshclamOutcome, runFreshclam } from './freshclam.ts'
import type { MirrorPlace } from './server-mirror.ts'

/** What came of updating so far; moments are the machine's, in microseconds since the epoch. */
export const UpdateRecord = Type.Object({
  triedAt: Type.Union([Type.Integer(), Type.Null()]),
  /** When it last turned out that everything there is, is here. */
  succeededAt: Type.Union([Type.Integer(), Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
})
export type UpdateRecord = Static<typeof UpdateRecord>
const record = new LazySchema(UpdateRecord)

const EVERY_MS = 4 * 3_600_000
/** After a failure the next try comes sooner, but never so soon that a server would mind. */
const AFTER_FAILURE_MS = 30 * 60_000
const TIMEOUT_MS = 30 * 60_000

export type SignatureUpdaterParts = {
  freshclam: FreshclamOptions
  /** A mirror that is there now and then, asked for before each update; used where `freshclam` names none. */
  mirror?: () => MirrorPlace | undefined
  clock: Clock
  /** From 0 to 1: a fleet must not ask all at once. */
  random: () => number
  logger: Logger
  everyMs?: number
  /** Where the machine's processes are listed; `undefined` where the system has no such folder. */
  procFolder?: string
}

/**
 * Keeps the signatures of this machine current with freshclam: every four hours, and before a scan that would find them
 * old. Where the distribution's own freshclam runs, that does it and this one stands aside.
 */
export class SignatureUpdater implements AsyncDisposable {
  readonly #parts: SignatureUpdaterParts
  readonly #path: string
  readonly #ended = new AbortController()
  #record: UpdateRecord
  #running: Promise<FreshclamOutcome> | undefined
  #timer: Timer | undefined

  constructor(parts: SignatureUpdaterParts) {
    this.#parts = parts
    this.#path = join(parts.freshclam.workDir, 'updates.json')
    this.#record = this.#read()
  }

  get record(): UpdateRecord {
    return this.#record
  }

  /** Updates now where it is due, and from then on by itself. */
  start(): void {
    this.#schedule(this.#dueInMs())
  }

  /** Updates now; whoever asks while one runs waits for that one. */
  update(): Promise<FreshclamOutcome> {
    this.#running ??= this.#update().finally(() => {
      this.#running = undefined
      this.#schedule(this.#dueInMs())
    })
    return this.#running
  }

  /**
   * Updates where the last success is longer ago than this, and waits for it so long and no longer: a scan by
   * yesterday's signatures is better than none. After a failure no scan tries again sooner than the updater itself.
   */
  async freshen(options: { maxAgeMs: number; waitMs: number; signal: AbortSignal }): Promise<void> {
    const { succeededAt } = this.#record
    const { clock } = this.#parts
    const isFresh = succeededAt !== null && clock.now() < addMs(succeededAt as Instant, options.maxAgeMs)
    if (isFresh || options.signal.aborted || this.#isDoneBySystem() || this.#hasJustFailed()) return
    const { promise: waited, resolve } = Promise.withResolvers<void>()
    const timer = clock.setTimer(options.waitMs, resolve)
    options.signal.addEventListener('abort', () => resolve(), { once: true })
    await Promise.race([this.update(), waited])
    timer.cancel()
  }

  /** Ends freshclam where it runs; nothing is written any more once this is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    this.#timer?.cancel()
    await this.#running
  }

  async #update(): Promise<FreshclamOutcome> {
    const { clock, logger, freshclam } = this.#parts
    const giveUp = new AbortController()
    const timer = clock.setTimer(TIMEOUT_MS, () => giveUp.abort())
    const outcome = await runFreshclam(
      { ...this.#mirror(), ...freshclam },
      AbortSignal.any([giveUp.signal, this.#ended.signal]),
    ).catch(
      (error: unknown): FreshclamOutcome => ({
        kind: 'failed',
        sentence: `freshclam could not be prepared: ${error instanceof Error ? error.message : error}`,
      }),
    )
    timer.cancel()
    if (this.#ended.signal.aborted) return outcome
    const triedAt = clock.now()
    const failed = outcome.kind === 'failed'
    this.#record = {
      triedAt,
      succeededAt: failed ? this.#record.succeededAt : triedAt,
      error: failed ? outcome.sentence : null,
    }
    this.#keepRecord()
    if (failed) logger.warn({ error: outcome.sentence }, 'the signatures could not be updated')
    else logger.info({ outcome }, 'the signatures are current')
    return outcome
  }

  #keepRecord(): void {
    try {
      writeDurably(this.#path, JSON.stringify(this.#record))
    } catch (error) {
      // It stands in memory; after a restart the agent asks once more than it would have had to.
      this.#parts.logger.warn({ error }, 'the record of signature updates could not be written')
    }
  }

  #mirror(): Pick<FreshclamOptions, 'mirror' | 'caPem'> {
    const { mirror, freshclam } = this.#parts
    const place = freshclam.mirror === undefined ? mirror?.() : undefined
    if (place === undefined) return {}
    return { mirror: place.mirror, ...(place.caPem !== null && { caPem: place.caPem }) }
  }

  #schedule(inMs: number): void {
    this.#timer?.cancel()
    if (this.#ended.signal.aborted) return
    this.#timer = this.#parts.clock.setTimer(inMs, () => {
      if (this.#isDoneBySystem()) this.#schedule(this.#jittered(this.#everyMs))
      else void this.update()
    })
  }

  #hasJustFailed(): boolean {
    const { triedAt, error } = this.#record
    if (triedAt === null || error === null || this.#running !== undefined) return false
    const sinceMs = (this.#parts.clock.now() - triedAt) / MICROSECONDS_PER_MS
    return sinceMs >= 0 && sinceMs < this.#afterFailureMs
  }

  #dueInMs(): number {
    const { triedAt, error } = this.#record
    if (triedAt === null) return this.#jittered(60_000)
    const sinceMs = (this.#parts.clock.now() - triedAt) / MICROSECONDS_PER_MS
    const everyMs = error === null ? this.#everyMs : this.#afterFailureMs
    // A clock that went back would let it wait for ever.
    return this.#jittered(Math.min(Math.max(everyMs - sinceMs, 1_000), everyMs))
  }

  get #everyMs(): number {
    return this.#parts.everyMs ?? EVERY_MS
  }

  get #afterFailureMs(): number {
    return Math.min(AFTER_FAILURE_MS, this.#everyMs)
  }

  #jittered(ms: number): number {
    return ms * (0.8 + 0.4 * this.#parts.random())
  }

  /** Two at a time would only get in each other's way. */
  #isDoneBySystem(): boolean {
    const { procFolder = '/proc' } = this.#parts
    try {
      return readdirSync(procFolder).some((pid) => /^\d+$/.test(pid) && isFreshclamDaemon(procFolder, pid))
    } catch {
      // No such folder on this system.
      return false
    }
  }

  #read(): UpdateRecord {
    try {
      const value = parseJson(readFileSync(this.#path, 'utf8'))
      if (record.Check(value)) return value
    } catch {
      // Not there yet.
    }
    return { triedAt: null, succeededAt: null, error: null }
  }
}

function isFreshclamDaemon(procFolder: string, pid: string): boolean {
  try {
    if (readFileSync(join(procFolder, pid, 'comm'), 'utf8') !== 'freshclam\n') return false
    const words = readFileSync(join(procFolder, pid, 'cmdline'), 'utf8').split('\0')
    return words.includes('-d') || words.includes('--daemon')
  } catch {
    // It has ended.
    return false
  }
}
