import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Clock, Inventory, JudgingEngineInfo, StopProof, Timer } from '@fleetsweep/protocol'
import { type Engine, EngineError, EngineOpenAborted, type EngineSession } from '../engine.ts'
import { type ClamAvConfig, type ResolvedClamAvConfig, resolveClamAvConfig } from './clamav-config.ts'
import { type EngineLogger, OwnClamd, parseVersion, type RunningClamd } from './clamd-process.ts'
import { ClamdSession } from './clamd-session.ts'
import { chooseTransport } from './clamd-transport.ts'
import { proveSight } from './self-test.ts'

const PING_EVERY_MS = 15_000
/** So many that clamd never waits for us while answers gather. */
const FILES_A_THREAD = 8
/** On top of what clamd allows itself. */
const FILE_TIMEOUT_MARGIN_MS = 30_000

/** An engine whose process is the agent's own. */
export interface OwnEngine extends Engine {
  /** Ends what an agent that was killed left running, and waits for the proof; to be called before the first `open`. */
  endLeftovers(): Promise<StopProof>
}

export type ClamAvEngineParts = { clock: Clock; logger?: EngineLogger }

/** ClamAV through a clamd of the agent's own. */
export function createClamAvEngine(config: ClamAvConfig, parts: ClamAvEngineParts): OwnEngine {
  return new ClamAvEngine(resolveClamAvConfig(config), parts)
}

class ClamAvEngine implements OwnEngine {
  readonly #config: ResolvedClamAvConfig
  readonly #clock: Clock
  readonly #clamd: OwnClamd
  readonly #logger: EngineLogger | undefined
  #idleTimer: Timer | undefined

  constructor(config: ResolvedClamAvConfig, parts: ClamAvEngineParts) {
    this.#config = config
    this.#clock = parts.clock
    this.#clamd = new OwnClamd(config, parts)
    this.#logger = parts.logger
  }

  async inspect(): Promise<Inventory['engine']> {
    const version = await this.#installedVersion()
    if (version === undefined) return { name: 'ClamAV', version: null, state: 'missing', signatures: null }
    const life = this.#config.isResident ? 'resident' : 'onDemand'
    const none = { name: 'ClamAV', version, state: 'noSignatures', life, signatures: null } as const
    try {
      const { set } = await this.#clamd.readSignatures()
      return set.count === 0 ? none : { ...none, state: 'ready', signatures: set }
    } catch (error) {
      if (error instanceof EngineError) return none
      throw error
    }
  }

  async open(options: Parameters<Engine['open']>[0]): Promise<EngineSession> {
    const { onPhase, signal, cpuCeilingPercent = 100 } = options
    this.#idleTimer?.cancel()
    await this.#clamd.allowScanTime((this.#config.maxScanTimeMs * 100) / cpuCeilingPercent)
    await this.#clamd.endIfOutdated()
    if (signal.aborted) throw new EngineOpenAborted('neverStarted')
    onPhase('loadingEngine')
    if ((await this.#installedVersion()) === undefined) {
      throw new EngineError('engineMissing', `There is no clamd at ${this.#config.clamdPath}.`)
    }
    const giveUp = () => void this.#clamd.end()
    signal.addEventListener('abort', giveUp)
    try {
      const running = await this.#clamd.start()
      onPhase('selfTest')
      const session = await this.#session(running)
      const sees = proveSight(running.stageDir, (descriptor, size) => session.judge(descriptor, size))
      await sees.catch(async (error) => {
        await session[Symbol.asyncDispose]()
        throw error
      })
      signal.throwIfAborted()
      return session
    } catch (error) {
      await this.#clamd.end()
      if (signal.aborted) throw new EngineOpenAborted('processGone')
      throw error
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  async endLeftovers(): Promise<StopProof> {
    const proof = (await this.#clamd.endLeftover()) ? 'processGone' : 'neverStarted'
    if (this.#config.isResident) this.#warmUp()
    return proof
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#idleTimer?.cancel()
    await this.#clamd.end()
  }

  async #session(running: RunningClamd): Promise<ClamdSession> {
    const { threads, runtimeDir } = this.#config
    const { connect } = await chooseTransport()
    return new ClamdSession({
      process: this.#clamd,
      brake: this.#clamd,
      connect,
      clock: this.#clock,
      info: this.#info(running),
      window: threads * FILES_A_THREAD,
      ownFolders: [runtimeDir, running.stageDir, running.temporaryDir],
      limits: {
        pingEveryMs: PING_EVERY_MS,
        inHand: threads * 2,
        // A file may have to wait for one before it.
        fileTimeoutMs: 2 * running.maxScanTimeMs + FILE_TIMEOUT_MARGIN_MS,
      },
      onDisposed: () => this.#whenIdle(),
    })
  }

  #info({ version, signatures, maxScanTimeMs }: RunningClamd): JudgingEngineInfo {
    const { maxFileSizeBytes, maxScanSizeBytes } = this.#config
    return {
      name: 'ClamAV',
      version,
      signatures,
      limits: { maxFileSizeBytes, maxScanSizeBytes, maxScanTimeMs },
    }
  }

  /** A resident engine is there before anybody asks for it; one that cannot be says why when somebody does. */
  #warmUp(): void {
    this.#clamd.start().catch((error: unknown) => {
      this.#logger?.warn({ error: String(error) }, 'the engine could not be started with the agent')
    })
  }

  #whenIdle(): void {
    this.#idleTimer?.cancel()
    if (this.#config.isResident) return
    this.#idleTimer = this.#clock.setTimer(this.#config.idleMs, () => void this.#clamd.end())
  }

  async #installedVersion(): Promise<string | undefined> {
    try {
      // Without a configuration it looks for the system's own, and where that is missing it says nothing at all.
      const args = ['--config-file=/dev/null', '--version']
      const { stdout } = await promisify(execFile)(this.#config.clamdPath, args, { env: this.#config.env })
      return parseVersion(stdout)
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')) {
        return undefined
      }
      throw new EngineError('engineDoesNotStart', 'clamd does not tell its version.', { cause: error })
    }
  }
}
