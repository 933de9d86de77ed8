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
  | { kind: 'done' }
  | { kind: 'unclear'; reason: string }
  | { kind: 'failed'; reason: string }

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

  /**
   * @param sinceMs by the machine's own clock, in milliseconds since the epoch
   * @returns `undefined` when it cannot be told what was found
   */
  detectionsSince(sinceMs: number): Promise<DefenderDetection[] | undefined>
}
