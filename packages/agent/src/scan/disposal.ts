import type { BigIntStats } from 'node:fs'
import { type Detection, type FilePath, renderFilePath } from '@fleetsweep/protocol'
import { pathOf, type QuarantineDesk, type QuarantineRecord } from '../quarantine/index.ts'
import { markOf } from './file-mark.ts'
import type { ScanRequest } from './scan.ts'

/** Who takes files into quarantine because the settings of a scan say so. */
const BY_POLICY = 'policy'

/** What becomes of the files in which a scan finds a threat: as its settings say, and as the machine allows. */
export class Disposal {
  readonly #request: Pick<ScanRequest, 'actionId' | 'settings' | 'signal'>
  readonly #quarantine: QuarantineDesk
  #earlier: Map<string, QuarantineRecord> | undefined

  constructor(
    request: Pick<ScanRequest, 'actionId' | 'settings' | 'signal'>,
    quarantine: QuarantineDesk | undefined,
  ) {
    this.#request = request
    this.#quarantine = quarantine ?? { unavailable: 'This machine has no quarantine.' }
  }

  /** True where files are to be moved away. */
  get isWanted(): boolean {
    return this.#request.settings.onDetection === 'quarantine'
  }

  /**
   * Moves the file of a detection away, and says so in it, or why not.
   *
   * @param stats of the file that was judged, from before the engine read it
   */
  async settle(detection: Detection, path: Buffer, stats: BigIntStats): Promise<Detection> {
    const { actionId, signal } = this.#request
    const { threatName, sha256 } = detection
    if ('unavailable' in this.#quarantine) return stays(detection, this.#quarantine.unavailable)
    if (signal.aborted) return stays(detection, 'The scan was stopped.')
    // Taking one name of a file changes the mark of its other names; that they hold what was judged, its hash says.
    const isMarked = sha256 === null || stats.nlink === 1n
    const judged = { path, ...(isMarked && { mark: markOf(stats) }), ...(sha256 !== null && { sha256 }) }
    try {
      const taken = await this.#quarantine.take({ ...judged, threatName, actionId, takenBy: BY_POLICY })
      return taken.kind === 'quarantined' ? moved(detection, taken.record) : stays(detection, taken.why)
    } catch (error) {
      // A quarantine that breaks is no reason to look for no more threats.
      return stays(
        detection,
        `The quarantine failed: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }

  /** What was found in an earlier attempt, which may have been killed before it could say what became of the file. */
  settledEarlier(detection: Detection): Detection {
    if (!this.isWanted || detection.disposition === 'quarantined') return detection
    this.#earlier ??= this.#takenEarlier()
    const record = this.#earlier.get(exactText(detection.path))
    return record ? moved(detection, record) : detection
  }

  #takenEarlier(): Map<string, QuarantineRecord> {
    if ('unavailable' in this.#quarantine) return new Map()
    return new Map(
      this.#quarantine
        .list()
        .filter(({ actionId, stage }) => actionId === this.#request.actionId && stage === 'quarantined')
        .map((record) => [exactText(renderFilePath(pathOf(record))), record]),
    )
  }
}

function moved(detection: Detection, { id, otherNames }: QuarantineRecord): Detection {
  const { dispositionReason: _, ...rest } = detection
  const names = otherNames === 1 ? 'another name' : `${otherNames} other names`
  return {
    ...rest,
    disposition: 'quarantined',
    quarantineId: id,
    ...(otherNames > 0 && { dispositionReason: `The same file has ${names}, where it still is.` }),
  }
}

function stays(detection: Detection, why: string): Detection {
  return { ...detection, dispositionReason: why.replace(/\p{Cc}/gu, '?').slice(0, 512) }
}

function exactText({ text, base64 }: FilePath): string {
  return base64 ?? text
}
