import type { EngineInfo, Inventory } from '@fleetsweep/protocol'
import type { DefenderDetection } from './threat-detections.ts'

/** What one run of the engine looks at. */
export type DefenderTarget = { kind: 'Quick' } | { kind: 'Full' } | { kind: 'path'; path: string }

/** A scan that Defender does for us; it goes on until Defender says that it has ended, or is told to stop. */
export type DefenderScan = {
  /** Of the program that waits for it. */
  pid: number | undefined
  ended: Promise<DefenderScanEnd>
  /** Ends the program that waits for it; the scan itself may go on. */
  abandon: () => void
}

/**
 * How a scan ended. `unclear`: by its exit code alone it may have found something or not have scanned at all; what
 * Defender says that it found decides.
 */
export type DefenderScanEnd =
  /** `threats`: how many it says that it detected, where it says so. */
  | { kind: 'done'; threats?: number }
  | { kind: 'unclear'; reason: string }
  | { kind: 'failed'; reason: string }

/** What tells what Defender finds in a scan from what it had found before. Kept across restarts of the agent. */
export type DefenderPast = {
  /** By the machine's own clock, in milliseconds since the epoch. */
  atMs: number
  /** What its list held, one digest an entry; empty where times tell. */
  known: string[]
}

/** Microsoft Defender Antivirus on this machine. It walks by itself, and tells what it found and not what it read. */
export interface DefenderEngine {
  inspect(): Promise<Inventory['engine']>

  /**
   * What will judge, asked before each scan.
   *
   * @throws EngineError when it is missing, does not run or does not say in which mode it does
   */
  prepare(): Promise<EngineInfo>

  startScan(target: DefenderTarget): DefenderScan

  /** Asks Defender to stop scanning; settles when it has answered, whatever it answered. */
  cancelScan(): Promise<void>

  /** @returns `undefined` when it cannot be told what was found before */
  rememberPast(atMs: number): Promise<DefenderPast | undefined>

  /** @returns `undefined` when it cannot be told what was found */
  detectionsSince(past: DefenderPast): Promise<DefenderDetection[] | undefined>

  /** Lets Defender fetch its signatures; `databases` are their version, the sentence is for people. */
  updateSignatures(): Promise<
    { kind: 'updated'; databases: string[] } | { kind: 'current' } | { kind: 'failed'; sentence: string }
  >
}
