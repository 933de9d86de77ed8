import type {
  Inventory,
  JudgingEngineInfo,
  NotScannedReason,
  ScanPhase,
  StopProof,
} from '@fleetsweep/protocol'

/** What judges files on this machine. ClamAV judges bytes that we hand over; others walk by themselves. */
export interface Engine {
  /** What is installed, without starting anything. */
  inspect(): Promise<Inventory['engine']>

  /**
   * Makes the engine ready to judge: starts it when needed, waits until its signatures are loaded and proves with a
   * harmless test pattern that it finds something.
   *
   * @throws EngineError when it is missing, has no signatures, does not start, or is blind
   * @throws EngineOpenAborted when the signal was aborted first
   */
  open(options: {
    onPhase: (phase: ScanPhase) => void
    /** Aborting gives up waiting and leaves nothing of ours running that was not running before. */
    signal: AbortSignal
    /** Of all cores, what the scan may use: a file may take the longer for it. Default: everything. */
    cpuCeilingPercent?: number
  }): Promise<EngineSession>

  /** Ends whatever of the engine is ours. */
  [Symbol.asyncDispose](): Promise<void>
}

/** An engine that is ready, for the length of one scan. */
export interface EngineSession {
  readonly info: JudgingEngineInfo
  /** How many files to keep in its hands at once. */
  readonly window: number
  /** Absolute paths of the folders that hold the engine's own working files; a scan leaves them out. */
  readonly ownFolders: readonly string[]
  /** True when others decide with which signatures and options it judges: its verdicts are not remembered. */
  readonly isForeign?: boolean
  /** For an engine whose processes are ours to slow down. */
  readonly brake?: EngineBrake

  /**
   * Judges an open file. The descriptor stays the caller's; it may be closed as soon as the promise settles.
   *
   * An engine that dies is started again, and the files that it had in its hands are judged again.
   *
   * @throws EngineError when the engine cannot be brought back, or came back with other signatures
   */
  judge(descriptor: number, sizeBytes: number): Promise<Judgement>

  /**
   * Makes sure that one and the same engine judged everything; asked when all is judged.
   *
   * @throws EngineError `signaturesChanged` when nobody can say so
   */
  confirm?(): Promise<void>

  /**
   * Gives up all work at once and waits for the proof that none goes on. Judgements under way settle as
   * `notJudged: 'cancelled'`.
   */
  stop(): Promise<StopProof>

  [Symbol.asyncDispose](): Promise<void>
}

/** What slows an engine down that has processes of its own. */
export interface EngineBrake {
  /** CPU time that the engine has used so far, in milliseconds; it begins anew with each of its processes. */
  usedCpuMs(): number
  /** Lets the engine's processes stand still; may be called again. */
  hold(): void
  /** Lets them go on; may be called while nothing is held. */
  release(): void
}

export type Judgement =
  | { kind: 'clean' }
  | { kind: 'threat'; threatName: string }
  | {
      kind: 'notJudged'
      reason: Extract<
        NotScannedReason,
        'engineLimit' | 'encrypted' | 'timedOut' | 'engineError' | 'cancelled'
      >
      detail: string
    }

/** The engine was given up before it was ready. */
export class EngineOpenAborted extends Error {
  /** How it is known that nothing runs. */
  readonly proof: StopProof

  constructor(proof: StopProof) {
    super('the engine was given up before it was ready')
    this.name = 'EngineOpenAborted'
    this.proof = proof
  }
}

/** Why an engine cannot work; the code decides, the message is one sentence for people. */
export class EngineError extends Error {
  readonly code:
    | 'engineMissing'
    | 'noSignatures'
    | 'engineDoesNotStart'
    | 'notEnoughMemory'
    | 'engineBlind'
    | 'signaturesChanged'

  constructor(code: EngineError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EngineError'
    this.code = code
  }
}
