import { createHash, hash } from 'node:crypto'
import { read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Judgement } from '../engines/engine.ts'
import type { WorkList } from './work-list.ts'

const readAt = promisify(read)
const CHUNK_BYTES = 1024 * 1024
/** Most files are no longer than this; reading them at once costs less than waiting for a thread to do it. */
const SMALL_BYTES = 64 * 1024
/** For every small file: nothing else runs between reading into it and taking from it. */
const smallChunk = Buffer.allocUnsafeSlow(SMALL_BYTES)

/** What the engine says of a content, and nothing but of it: the same for every file that holds it. */
type OfContent =
  | Exclude<Judgement, { kind: 'notJudged' }>
  | (Judgement & { reason: 'engineLimit' | 'encrypted' })

/**
 * Lets the engine read each content once, however many files of a scan hold it.
 *
 * That is sound because the engine gets an open file and no name: its verdict can only be about the bytes.
 */
export class SameContent {
  readonly #list: WorkList
  /** Contents that are in the engine's hands, by their hash. */
  readonly #underWay = new Map<string, Promise<Judgement>>()

  constructor(list: WorkList) {
    this.#list = list
  }

  /**
   * Judges a content, or tells what came of it before.
   *
   * @param judge lets the engine read it
   */
  async judge(
    sha256: string,
    judge: () => Promise<Judgement>,
  ): Promise<{ judgement: Judgement; isRepeated: boolean }> {
    const before = this.#list.findContent(sha256)
    if (before) return { judgement: before, isRepeated: true }
    const leader = this.#underWay.get(sha256)
    if (leader) {
      // The failure of the one before is told of that file; this one is given a chance of its own.
      const judgement = await leader.catch(() => undefined)
      if (judgement && isOfContent(judgement)) return { judgement, isRepeated: true }
      return { judgement: await judge(), isRepeated: false }
    }
    const judging = judge()
    this.#underWay.set(sha256, judging)
    try {
      const judgement = await judging
      if (isOfContent(judgement)) this.#list.keepContent(sha256, judgement)
      return { judgement, isRepeated: false }
    } finally {
      this.#underWay.delete(sha256)
    }
  }
}

function isOfContent(judgement: Judgement): judgement is OfContent {
  return (
    judgement.kind !== 'notJudged' || judgement.reason === 'engineLimit' || judgement.reason === 'encrypted'
  )
}

/**
 * SHA-256 of an open file, in hex.
 *
 * @param sizeBytes what it is known to hold: one that grows is not followed, or somebody could keep us reading for ever
 * @returns null when it cannot be read or holds more, or the signal was aborted first
 */
export async function hashFile(
  descriptor: number,
  sizeBytes: bigint,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return sizeBytes < SMALL_BYTES
      ? hashAtOnce(descriptor, sizeBytes)
      : await hashInPieces(descriptor, Number(sizeBytes), signal)
  } catch {
    // The disk may give it to the engine and not to us.
    return null
  }
}

/** It is asked for more than there is: no second look is needed to know that this was the end. */
function hashAtOnce(descriptor: number, sizeBytes: bigint): string | null {
  const length = readSync(descriptor, smallChunk, 0, SMALL_BYTES, 0)
  return length <= sizeBytes ? hash('sha256', smallChunk.subarray(0, length), 'hex') : null
}

async function hashInPieces(
  descriptor: number,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<string | null> {
  const sha256 = createHash('sha256')
  const chunk = Buffer.allocUnsafeSlow(Math.min(sizeBytes + 1, CHUNK_BYTES))
  for (let position = 0; position <= sizeBytes && !signal.aborted; ) {
    const { bytesRead } = await readAt(descriptor, chunk, 0, chunk.length, position)
    if (bytesRead === 0) return sha256.digest('hex')
    sha256.update(chunk.subarray(0, bytesRead))
    position += bytesRead
  }
  return null
}
