import {
  type Coverage,
  type FilePath,
  NOT_SCANNED_REASONS,
  type NotScannedReason,
  type NotScannedSample,
  renderFilePath,
  type Tally,
} from '@fleetsweep/protocol'

/** The bucket that a file ends in. */
export type Bucket = 'scanned' | 'unchanged' | 'duplicate' | NotScannedReason

const SAMPLES_OF_EACH = 100
/** Of each reason, by a rough measure: nobody can make us hold a hundred paths of megabytes. */
const SAMPLE_CHARACTERS_OF_EACH = 200_000

/** Counts every file that a scan meets once when it is met, and once when its fate is known. */
export class CoverageCount {
  readonly #met: Tally = { files: 0, bytes: 0 }
  readonly #settled: Tally = { files: 0, bytes: 0 }
  readonly #buckets: Record<Bucket, Tally>
  readonly #samples = new Map<NotScannedReason, { taken: NotScannedSample[]; characters: number }>()

  constructor() {
    const empty = Object.fromEntries(NOT_SCANNED_REASONS.map((reason) => [reason, { files: 0, bytes: 0 }]))
    this.#buckets = {
      ...(empty as Record<NotScannedReason, Tally>),
      scanned: zero(),
      unchanged: zero(),
      duplicate: zero(),
    }
  }

  get met(): Readonly<Tally> {
    return this.#met
  }

  get settled(): Readonly<Tally> {
    return this.#settled
  }

  /** Files that nobody read in this attempt, on the word of what is known. */
  get unchanged(): Readonly<Tally> {
    return this.#buckets.unchanged
  }

  /**
   * Counts a file as met.
   *
   * @returns the bytes that it counts for from now on. A sparse file may claim to be larger than any number can be
   * added up exactly; past that point sizes count as nothing, in all buckets alike
   */
  meet(sizeBytes: bigint): number {
    const fits = sizeBytes <= BigInt(Number.MAX_SAFE_INTEGER - this.#met.bytes)
    const bytes = fits ? Number(sizeBytes) : 0
    add(this.#met, 1, bytes)
    return bytes
  }

  /** Puts a file that was met into its bucket. */
  settle(bucket: Bucket, bytes: number, example?: { path: Buffer; detail: string }): void {
    add(this.#buckets[bucket], 1, bytes)
    add(this.#settled, 1, bytes)
    if (example && bucket !== 'scanned' && bucket !== 'unchanged' && bucket !== 'duplicate') {
      this.#sample(bucket, example.path, example.detail)
    }
  }

  /** Puts everything that was met and not settled into one bucket; nothing was done to it, so `settled` stays. */
  settleRest(bucket: NotScannedReason): void {
    const rest = {
      files: this.#met.files - this.#settled.files,
      bytes: this.#met.bytes - this.#settled.bytes,
    }
    add(this.#buckets[bucket], rest.files, rest.bytes)
  }

  /** Shows an example of a reason without counting it. */
  sampleOnly(reason: NotScannedReason, path: Buffer, detail: string): void {
    this.#sample(reason, path, detail)
  }

  get coverage(): Coverage {
    const { scanned, unchanged, duplicate, ...notScanned } = this.#buckets
    return structuredClone({ met: this.#met, scanned, unchanged, duplicate, notScanned })
  }

  get samples(): NotScannedSample[][] {
    return NOT_SCANNED_REASONS.map((reason) => this.#samples.get(reason)?.taken ?? [])
  }

  #sample(reason: NotScannedReason, path: Buffer, detail: string): void {
    const box = this.#samples.get(reason) ?? { taken: [], characters: 0 }
    this.#samples.set(reason, box)
    if (box.taken.length >= SAMPLES_OF_EACH || box.characters >= SAMPLE_CHARACTERS_OF_EACH) return
    const rendered: FilePath = renderFilePath(path)
    box.characters += rendered.text.length
    box.taken.push({ reason, path: rendered, ...(detail === '' ? {} : { detail: detail.slice(0, 200) }) })
  }
}

function zero(): Tally {
  return { files: 0, bytes: 0 }
}

function add(tally: Tally, files: number, bytes: number): void {
  tally.files += files
  tally.bytes += bytes
}
