import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, SignatureSet } from '@fleetsweep/protocol'
import { delay } from '../../kit/delay.ts'
import { usedCpuMs } from '../../os/process-identity.ts'
import { type EngineBrake, EngineError } from '../engine.ts'
import { askClamd } from './ask-clamd.ts'
import type { ResolvedClamAvConfig } from './clamav-config.ts'
import { renderClamdConfig } from './clamd-config.ts'
import type { ClamdProcess } from './clamd-session.ts'
import { configArgument, endLeftover, recordEngine } from './leftover.ts'
import { findMemoryFolder } from './memory-folder.ts'
import { foldersOfOneRun, makeReadable, prepareRuntimeFolder, removeStage } from './runtime-folder.ts'
import { readSignatureFiles, type SignatureFiles } from './signature-files.ts'
import { SupervisedProcess } from './supervised-process.ts'
import { lackOfRoom, TemporaryRoom } from './temporary-room.ts'

/** Where the engine says what it does, for people who run the agent. */
export type EngineLogger = {
  info: (fields: Record<string, unknown>, message: string) => void
  warn: (fields: Record<string, unknown>, message: string) => void
}
const SILENT: EngineLogger = { info: () => {}, warn: () => {} }

/** A clamd that is ready. */
export type RunningClamd = {
  process: SupervisedProcess
  socketPath: string
  stageDir: string
  temporaryDir: string
  version: string
  maxScanTimeMs: number
  /** The signatures that it has loaded; they stay what they are until it ends. */
  signatures: SignatureSet
  stamp: string
}

const START_TIMEOUT_MS = 300_000
const LOAD_ATTEMPTS = 3
/** Waits before the next start after so many deaths in a row, each within a minute of the one before. */
const BACKOFF_MS = [0, 0, 500, 2_000, 8_000, 30_000]
const DEATHS_FORGOTTEN_AFTER_MS = 60_000

/** Our own clamd: started when asked for, started again when it died, and never left behind. */
export class OwnClamd implements ClamdProcess, EngineBrake {
  readonly isOurs = true
  readonly room = new TemporaryRoom()
  readonly #config: ResolvedClamAvConfig
  readonly #clock: Clock
  readonly #logger: EngineLogger
  #running: RunningClamd | undefined
  /** Settles when the running one is gone and cleared up after. */
  #gone: Promise<void> = Promise.resolve()
  #starting: Promise<RunningClamd> | undefined
  #giveUp: AbortController | undefined
  #deaths = 0
  #lastDeathMs = Number.NEGATIVE_INFINITY
  #known: SignatureFiles | undefined
  #maxScanTimeMs: number

  constructor(config: ResolvedClamAvConfig, parts: { clock: Clock; logger?: EngineLogger | undefined }) {
    this.#config = config
    this.#clock = parts.clock
    this.#logger = parts.logger ?? SILENT
    this.#maxScanTimeMs = config.maxScanTimeMs
  }

  get #configFile(): string {
    return join(this.#config.runtimeDir, 'clamd.conf')
  }

  get socketPath(): string | undefined {
    return this.#running?.socketPath
  }

  /** @throws EngineError `noSignatures` when there may be some, and they are not for us to read */
  async readSignatures(): Promise<SignatureFiles> {
    const { databaseDir } = this.#config
    try {
      this.#known = await readSignatureFiles(databaseDir, this.#known)
      return this.#known
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new EngineError('noSignatures', `The signatures in ${databaseDir} cannot be read: ${why}.`, {
        cause,
      })
    }
  }

  async ensure(): Promise<{ socketPath: string; identity: string }> {
    const { socketPath, signatures } = await this.start()
    return { socketPath, identity: signatures.identity }
  }

  /** @throws EngineError when it does not get ready */
  start(): Promise<RunningClamd> {
    if (this.#running) return Promise.resolve(this.#running)
    if (this.#starting) return this.#starting
    const giveUp = new AbortController()
    this.#giveUp = giveUp
    this.#starting = this.#start(giveUp.signal).finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  /** Lets a file take so long from now on. clamd counts by the clock on the wall, also while it is made to stand still. */
  async allowScanTime(ms: number): Promise<void> {
    this.#maxScanTimeMs = ms
    if (this.#running && this.#running.maxScanTimeMs < ms) await this.end()
  }

  usedCpuMs(): number {
    return this.#running ? usedCpuMs(this.#running.process.pid) : 0
  }

  hold(): void {
    this.#running?.process.signal('SIGSTOP')
  }

  release(): void {
    this.#running?.process.signal('SIGCONT')
  }

  /** Ends a clamd whose signatures are not those on disk any more, so that the next start loads the new ones. */
  async endIfOutdated(): Promise<void> {
    const running = this.#running
    if (running && (await this.readSignatures()).stamp !== running.stamp) await this.end()
  }

  /** @returns false when no earlier agent left anything */
  endLeftover(): Promise<boolean> {
    return endLeftover(this.#config.runtimeDir, this.#configFile)
  }

  async end({ hasFailed } = { hasFailed: false }): Promise<void> {
    this.#giveUp?.abort()
    await this.#starting?.catch(() => {})
    const running = this.#running
    if (running && hasFailed) this.#countDeath(running)
    // From here on nobody is sent to it, and its death is no accident.
    this.#running = undefined
    await running?.process.kill()
    await this.#gone
  }

  async #start(signal: AbortSignal): Promise<RunningClamd> {
    await this.#gone
    await this.#backOff(signal)
    for (let attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
      const before = await this.readSignatures()
      this.#checkSignatures(before.set)
      const running = await this.#launch(before, signal)
      // Files that changed while clamd read them: nobody can say which of the two it holds.
      if ((await this.readSignatures()).stamp === before.stamp) {
        this.#running = running
        const { process, version } = running
        this.#logger.info({ pid: process.pid, version, signatures: before.set.count }, 'clamd is ready')
        this.#gone = running.process.exited.then(() => this.#died(running))
        return running
      }
      await running.process.kill()
    }
    throw new EngineError('signaturesChanged', 'The signatures keep changing while the engine loads them.')
  }

  #checkSignatures(set: SignatureSet): void {
    if (set.count === 0) {
      throw new EngineError('noSignatures', `There are no signatures in ${this.#config.databaseDir}.`)
    }
    const needed = estimateMemoryBytes(set.count)
    const available = this.#config.availableMemoryBytes()
    if (needed <= available) return
    const [need, have] = [needed, available].map((bytes) => Math.round(bytes / 1_000_000))
    throw new EngineError(
      'notEnoughMemory',
      `The engine needs about ${need} MB of memory for ${set.count.toLocaleString('en-US')} signatures; ${have} MB are free.`,
    )
  }

  async #launch({ set, names, stamp }: SignatureFiles, signal: AbortSignal): Promise<RunningClamd> {
    const { clamdPath, runtimeDir, databaseDir, env, ...settings } = this.#config
    const configFile = this.#configFile
    const maxScanTimeMs = this.#maxScanTimeMs
    await this.endLeftover()
    const folder = await prepareRuntimeFolder(runtimeDir, {
      userName: settings.user,
      memoryFolder: this.#memoryFolder(),
    })
    const { stageDir, temporaryDir } = folder
    await recordEngine(runtimeDir, { pid: undefined, stageDir, temporaryDir })
    const lack = lackOfRoom(temporaryDir)
    if (lack !== undefined) {
      await removeStage(runtimeDir, folder)
      throw new EngineError('engineDoesNotStart', `The engine was not started: ${lack}.`)
    }
    this.room.use(temporaryDir)
    const text = renderClamdConfig({
      ...settings,
      maxScanTimeMs,
      socketPath: folder.socketPath,
      temporaryDir,
      databaseDir: await makeReadable(databaseDir, names, folder),
      user: folder.account?.name,
    })
    await writeFile(configFile, text, { mode: 0o600 })
    const process = await SupervisedProcess.start({
      command: clamdPath,
      args: [configArgument(configFile)],
      env,
      temporaryFolders: foldersOfOneRun(folder),
      onLine: (line) => this.room.hear(line),
    })
    await recordEngine(runtimeDir, { pid: process.pid, stageDir, temporaryDir })
    const giveUp = () => void process.kill()
    signal.addEventListener('abort', giveUp)
    try {
      const version = await this.#untilReady(process, folder.socketPath, signal)
      return {
        process,
        socketPath: folder.socketPath,
        stageDir,
        temporaryDir,
        version,
        maxScanTimeMs,
        signatures: set,
        stamp,
      }
    } catch (error) {
      await process.kill()
      await removeStage(runtimeDir, folder)
      throw error
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** In memory, where that has room for all that may be unpacked at once. */
  #memoryFolder(): string | undefined {
    const { keepsTemporaryFilesInMemory, maxScanSizeBytes, threads, availableMemoryBytes } = this.#config
    if (!keepsTemporaryFilesInMemory) return undefined
    return findMemoryFolder(maxScanSizeBytes * threads, availableMemoryBytes())
  }

  async #untilReady(process: SupervisedProcess, socketPath: string, signal: AbortSignal): Promise<string> {
    let gone = false
    void process.exited.then(() => {
      gone = true
    })
    const deadline = this.#clock.monotonicMs() + START_TIMEOUT_MS
    for (let waitMs = 20; this.#clock.monotonicMs() < deadline; waitMs = Math.min(waitMs * 1.5, 250)) {
      if (signal.aborted) throw new EngineError('engineDoesNotStart', 'The start of the engine was given up.')
      if (gone) {
        throw new EngineError(
          'engineDoesNotStart',
          `The engine ended while it started: ${lastWords(process)}`,
        )
      }
      try {
        // It listens only when its signatures are loaded.
        return parseVersion(await askClamd(socketPath, 'VERSION', { timeoutMs: 5_000, clock: this.#clock }))
      } catch {
        await delay(this.#clock, waitMs, signal)
      }
    }
    throw new EngineError(
      'engineDoesNotStart',
      `The engine was not ready after ${START_TIMEOUT_MS / 1_000} s.`,
    )
  }

  async #backOff(signal: AbortSignal): Promise<void> {
    if (this.#clock.monotonicMs() - this.#lastDeathMs > DEATHS_FORGOTTEN_AFTER_MS) this.#deaths = 0
    const waitMs = BACKOFF_MS[Math.min(this.#deaths, BACKOFF_MS.length - 1)] ?? 0
    if (waitMs > 0) await delay(this.#clock, waitMs, signal)
  }

  async #died(running: RunningClamd): Promise<void> {
    if (this.#running === running) {
      this.#running = undefined
      this.#countDeath(running)
    }
    try {
      await removeStage(this.#config.runtimeDir, running)
    } catch (error) {
      // Its record stays, so the next start tries again.
      this.#logger.warn({ error }, 'the folders of clamd could not be removed')
    }
  }

  #countDeath({ process }: RunningClamd): void {
    this.#deaths++
    this.#lastDeathMs = this.#clock.monotonicMs()
    this.#logger.warn({ pid: process.pid, said: process.lastOutput }, 'clamd has died')
  }
}

/** What clamd takes for so many signatures: 8 million were seen to take 1.2 GB, none 80 MB; the rest is for files. */
export function estimateMemoryBytes(signatures: number): number {
  return 140_000_000 + signatures * 160
}

/** `ClamAV 1.4.6`, or `ClamAV 1.4.6/27500/Tue Nov 17 …` */
export function parseVersion(text: string): string {
  return /^ClamAV ([^/\s]+)/.exec(text)?.[1] ?? 'unknown'
}

function lastWords(process: SupervisedProcess): string {
  const errors = process.lastOutput
    .split('\n')
    .filter((line) => /error|fail|can't|denied|not found/i.test(line))
  return (errors.at(-1) ?? process.lastOutput.split('\n').at(-1) ?? '').slice(0, 300)
}
