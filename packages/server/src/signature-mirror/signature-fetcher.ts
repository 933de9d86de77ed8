import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type Clock, formatInstant } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { Repetition } from '../kit/repetition.ts'
import { findProgram, runProgram } from './run-program.ts'
import type { SignatureMirror } from './signature-mirror.ts'

/** ClamAV asks not to be asked more than once an hour. */
const EVERY_MS = 4 * 3_600_000
const SHORTLY_MS = 60_000
const TIMEOUT_MS = 60 * 60_000

export type SignatureFetcherParts = {
  mirror: SignatureMirror
  clock: Clock
  logger: Logger
  /** From 0 to 1: servers everywhere must not ask at the same moment. */
  random: () => number
  env: NodeJS.ProcessEnv
  /** Asks this mirror in place of ClamAV's own servers. */
  upstream?: string
}

/**
 * Keeps the mirror current with the distribution's freshclam: shortly after the start, then every four hours. It checks
 * what it gets and replaces a database only by a good one.
 */
export class SignatureFetcher {
  readonly #parts: SignatureFetcherParts
  readonly #ended = new AbortController()
  readonly #shortly: Repetition
  readonly #repetition: Repetition

  constructor(parts: SignatureFetcherParts) {
    this.#parts = parts
    const { clock, random } = parts
    this.#shortly = new Repetition(clock, SHORTLY_MS * (0.5 + random()), async () => {
      void this.#shortly.stop()
      await this.fetch()
    })
    this.#repetition = new Repetition(clock, EVERY_MS * (0.8 + 0.4 * random()), () => this.fetch())
  }

  start(): void {
    this.#shortly.start()
    this.#repetition.start()
  }

  /** Settles when freshclam has ended. */
  async stop(): Promise<void> {
    this.#ended.abort()
    await Promise.all([this.#shortly.stop(), this.#repetition.stop()])
  }

  /** Looks for newer databases once, and keeps what came of it. */
  async fetch(): Promise<void> {
    const { mirror, clock, logger } = this.#parts
    try {
      const error = await this.#run()
      if (this.#ended.signal.aborted) return
      const triedAt = formatInstant(clock.now())
      const before = await mirror.lastFetch()
      await mirror.noteFetch({
        triedAt,
        succeededAt: error === null ? triedAt : (before?.succeededAt ?? null),
        error,
      })
      if (error === null) logger.info('the signature mirror is current')
      else logger.warn({ error }, 'the signature mirror could not be updated')
    } catch (err) {
      logger.error({ err }, 'the signature mirror could not be updated')
    }
  }

  async #run(): Promise<string | null> {
    const { mirror, env, clock } = this.#parts
    await mirror.prepare()
    const configFile = join(mirror.folder, 'freshclam.conf')
    await writeFile(configFile, this.#config(), { mode: 0o600 })
    const program = findProgram('freshclam', env)
    const late = new AbortController()
    const timer = clock.setTimer(TIMEOUT_MS, () => late.abort())
    const signal = AbortSignal.any([late.signal, this.#ended.signal])
    const ended = await runProgram(
      program,
      [`--config-file=${configFile}`, '--stdout', '--foreground'],
      signal,
    )
    timer.cancel()
    if (ended === undefined) return `There is no ${program}. Install the package of ClamAV that holds it.`
    if (late.signal.aborted) return 'freshclam took longer than an hour and was ended.'
    const wait = /cool-?down until after: (.+)$/im.exec(ended.output)?.[1]
    if (wait !== undefined) return `ClamAV's servers ask this address to wait until ${wait}.`
    if (ended.code === 0) return null
    const why = /^ERROR: (?!Update failed)(.+)$/m.exec(ended.output)?.[1] ?? `it ended with ${ended.code}`
    return `freshclam failed: ${why.slice(0, 200)}`
  }

  #config(): string {
    const { mirror, upstream } = this.#parts
    if (/[\s"]/.test(mirror.folder)) {
      throw new Error(`freshclam cannot be told of a folder with spaces in its name: ${mirror.folder}`)
    }
    const from =
      upstream === undefined
        ? ['DatabaseMirror database.clamav.net', 'DNSDatabaseInfo current.cvd.clamav.net']
        : [`PrivateMirror ${upstream}`]
    return [
      `DatabaseDirectory ${mirror.folder}`,
      `DatabaseOwner ${userInfo().username}`,
      ...from,
      // Whole databases alone: what is made of pieces carries no signature any more, and nobody else could check it.
      'ScriptedUpdates no',
      'TestDatabases yes',
      'Bytecode yes',
      'MaxAttempts 1',
      'ConnectTimeout 30',
      'ReceiveTimeout 600',
      '',
    ].join('\n')
  }
}
