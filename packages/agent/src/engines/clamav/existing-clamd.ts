import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { Clock, Inventory, JudgingEngineInfo, SignatureSet, StopProof } from '@fleetsweep/protocol'
import { type Engine, EngineError, EngineOpenAborted, type EngineSession } from '../engine.ts'
import { askClamd } from './ask-clamd.ts'
import type { OwnEngine } from './clamav-engine.ts'
import { type ClamdConf, parseClamdConf } from './clamd-conf-file.ts'
import { parseVersion } from './clamd-process.ts'
import { type ClamdProcess, ClamdSession } from './clamd-session.ts'
import { chooseTransport } from './clamd-transport.ts'
import { proveSight } from './self-test.ts'
import { readSignatureFiles, type SignatureFiles } from './signature-files.ts'

const ANSWER_TIMEOUT_MS = 10_000
const MAX_WINDOW = 16
const FILE_TIMEOUT_MARGIN_MS = 30_000

/** What an existing clamd says of itself. */
type Seen = {
  conf: ClamdConf
  untold: string[]
  socketPath: string
  /** As it told, with the number of its official signatures where it has some. */
  version: string
  files: SignatureFiles
}

/**
 * A clamd that somebody else runs: it is asked, and never started, changed or ended.
 *
 * Its own configuration decides what it looks at, so that is read and reported; what it would call clean without having
 * looked at is told as well, and keeps a report from saying "clean".
 */
export function createExistingClamAvEngine(
  options: { configFile: string },
  { clock }: { clock: Clock },
): OwnEngine {
  return new ExistingClamd(options.configFile, clock)
}

/**
 * What somebody else's clamd says of itself, for people who look after the machine.
 *
 * @throws EngineError with a sentence when it cannot be used
 */
export async function lookAtExistingClamd(
  options: { configFile: string },
  { clock }: { clock: Clock },
): Promise<{ version: string; socketPath: string; limits: JudgingEngineInfo['limits']; untold: string[] }> {
  const seen = await new ExistingClamd(options.configFile, clock).look()
  const { passesDescriptors } = await chooseTransport()
  const { version, limits } = infoOf(seen, passesDescriptors)
  return { version, limits, socketPath: seen.socketPath, untold: seen.untold }
}

class ExistingClamd implements OwnEngine {
  readonly #configFile: string
  readonly #clock: Clock
  #known: SignatureFiles | undefined

  constructor(configFile: string, clock: Clock) {
    this.#configFile = configFile
    this.#clock = clock
  }

  async inspect(): Promise<Inventory['engine']> {
    try {
      const { version, files } = await this.look()
      const has = files.set.count > 0
      return {
        name: 'ClamAV',
        version: parseVersion(version),
        state: has ? 'ready' : 'noSignatures',
        life: 'system',
        signatures: has ? files.set : null,
      }
    } catch (error) {
      if (error instanceof EngineError)
        return { name: 'ClamAV', version: null, state: 'missing', signatures: null }
      throw error
    }
  }

  async open({ onPhase, signal }: Parameters<Engine['open']>[0]): Promise<EngineSession> {
    if (signal.aborted) throw new EngineOpenAborted('neverStarted')
    onPhase('loadingEngine')
    const seen = await this.look()
    if (seen.files.set.count === 0) {
      throw new EngineError('noSignatures', `There are no signatures in ${seen.conf.databaseDir}.`)
    }
    onPhase('selfTest')
    const session = await this.#session(seen)
    try {
      await proveSight(tmpdir(), (descriptor, size) => session.judge(descriptor, size))
      if (signal.aborted) throw new EngineOpenAborted('queueEmpty')
      return session
    } catch (error) {
      await session[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Nothing of it is ours. */
  async endLeftovers(): Promise<StopProof> {
    return 'neverStarted'
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #session(seen: Seen): Promise<ClamdSession> {
    const { conf, socketPath } = seen
    const { connect, passesDescriptors } = await chooseTransport()
    const window = Math.min(conf.threads * 2, MAX_WINDOW)
    return new ClamdSession({
      process: this.#process(seen),
      connect,
      clock: this.#clock,
      info: infoOf(seen, passesDescriptors),
      window,
      ownFolders: [],
      limits: {
        pingEveryMs: Math.min(15_000, conf.readTimeoutMs / 4),
        inHand: window,
        // Others may keep it busy as well; its own limit for one file counts from when it takes that up.
        fileTimeoutMs: Math.ceil(window / conf.threads + 1) * conf.maxScanTimeMs + FILE_TIMEOUT_MARGIN_MS,
      },
      stopWithinMs: conf.maxScanTimeMs + FILE_TIMEOUT_MARGIN_MS,
      confirm: () => this.#confirm(seen, socketPath),
      onDisposed: () => {},
    })
  }

  #process({ socketPath, files }: Seen): ClamdProcess {
    return {
      isOurs: false,
      socketPath,
      ensure: async () => ({ socketPath, identity: files.set.identity }),
      // It belongs to somebody else.
      end: async () => {},
    }
  }

  /** @throws EngineError when its signatures are others than at the beginning: nobody can say which set judged what */
  async #confirm(before: Seen, socketPath: string): Promise<void> {
    const version = await this.#ask(socketPath)
    const files = await readSignatureFiles(before.conf.databaseDir, this.#known)
    if (version === before.version && files.stamp === before.files.stamp) return
    throw new EngineError(
      'signaturesChanged',
      'The signatures of the engine on this machine were changed while it scanned, so nobody can say which of them judged a file. Scan again.',
    )
  }

  async look(): Promise<Seen> {
    const { conf, untold } = await this.#readConf()
    if (conf.socketPath === undefined) {
      throw new EngineError(
        'engineMissing',
        `The clamd of ${this.#configFile} has no LocalSocket; over TCP no files are handed over.`,
      )
    }
    const version = await this.#ask(conf.socketPath)
    this.#known = await readSignatureFiles(conf.databaseDir, this.#known).catch((cause) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new EngineError('noSignatures', `The signatures in ${conf.databaseDir} cannot be read: ${why}.`, {
        cause,
      })
    })
    return {
      conf,
      untold: [...untold, ...unseenSignatures(version, this.#known.set)],
      socketPath: conf.socketPath,
      version,
      files: this.#known,
    }
  }

  async #readConf(): Promise<{ conf: ClamdConf; untold: string[] }> {
    try {
      return parseClamdConf(await readFile(this.#configFile, 'utf8'))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new EngineError('engineMissing', `The engine's ${this.#configFile} cannot be used: ${why}`, {
        cause,
      })
    }
  }

  async #ask(socketPath: string): Promise<string> {
    try {
      return await askClamd(socketPath, 'VERSION', { timeoutMs: ANSWER_TIMEOUT_MS, clock: this.#clock })
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new EngineError('engineDoesNotStart', `The clamd at ${socketPath} does not answer: ${why}.`, {
        cause,
      })
    }
  }
}

function infoOf({ conf, untold, version, files }: Seen, passesDescriptors: boolean): JudgingEngineInfo {
  const { maxFileSizeBytes, maxScanSizeBytes, maxScanTimeMs, streamMaxBytes } = conf
  return {
    name: 'ClamAV',
    version: parseVersion(version),
    signatures: files.set,
    limits: {
      maxFileSizeBytes: passesDescriptors ? maxFileSizeBytes : Math.min(maxFileSizeBytes, streamMaxBytes),
      maxScanSizeBytes,
      maxScanTimeMs,
    },
    ...(untold.length > 0 && { untold }),
  }
}

/** It may have loaded other signatures than lie in its folder; only the number of the official ones can be seen. */
function unseenSignatures(version: string, { official, version: onDisk }: SignatureSet): string[] {
  const loaded = /^ClamAV [^/]+\/(\d+)\//.exec(version)?.[1]
  if (official && loaded !== undefined && loaded === onDisk) return []
  return [
    'Which signatures it has loaded cannot be seen for certain; those of its database folder are reported.',
  ]
}
