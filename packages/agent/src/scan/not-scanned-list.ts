import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  type NotScannedFile,
  type NotScannedReason,
  renderFilePath,
  type ScanReport,
} from '@fleetsweep/protocol'
import { errorCode } from './error-code.ts'

/** What the list of a scan is called in the scan's folder. */
export const NOT_SCANNED_FILE = 'not-scanned.ndjson.gz'

/** A list grows no further than this; millions of lines fit, and no disk is filled by hostile names. */
const MAX_BYTES = 64 * 1024 * 1024
const BLOCK_CHARACTERS = 256 * 1024

/** The finished list of a scan, as a file. */
export type NotScannedList = NonNullable<ScanReport['notScannedList']> & { path: string }

/**
 * Every file that was not scanned, as compressed NDJSON (`NotScannedFile`) in the folder of the scan.
 *
 * Written in blocks that are each a gzip member of their own, so that nothing of it is held in memory for long.
 */
export class NotScannedListWriter {
  readonly #path: string
  readonly #maxBytes: number
  readonly #hash = createHash('sha256')
  #descriptor: number | undefined
  #block = ''
  #files = 0
  #filesOnDisk = 0
  #bytes = 0
  #isWhole = true

  constructor(workDir: string, maxBytes = MAX_BYTES) {
    this.#path = join(workDir, NOT_SCANNED_FILE)
    this.#maxBytes = maxBytes
  }

  add(reason: NotScannedReason, path: Buffer, detail: string, sizeBytes: number): void {
    if (!this.#isWhole) return
    const line: NotScannedFile = {
      reason,
      path: renderFilePath(path),
      ...(detail === '' ? {} : { detail: detail.slice(0, 200) }),
      sizeBytes,
    }
    this.#block += `${JSON.stringify(line)}\n`
    this.#files++
    if (this.#block.length >= BLOCK_CHARACTERS) this.#flush()
  }

  /** Files that nobody lists any more: there are more of them than time. */
  leaveOut(): void {
    this.#isWhole = false
  }

  /** @returns undefined when there is nothing on it */
  finish(): NotScannedList | undefined {
    this.#flush()
    this.close()
    if (this.#filesOnDisk === 0) return undefined
    return {
      path: this.#path,
      files: this.#filesOnDisk,
      bytes: this.#bytes,
      sha256: this.#hash.digest('hex'),
      isWhole: this.#isWhole,
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #flush(): void {
    if (this.#block === '') return
    const member = gzipSync(this.#block, { level: 1 })
    this.#block = ''
    if (this.#bytes + member.length > this.#maxBytes) {
      this.#isWhole = false
      return
    }
    if (!this.#write(member)) {
      this.#isWhole = false
      return
    }
    this.#hash.update(member)
    this.#bytes += member.length
    this.#filesOnDisk = this.#files
  }

  /** @returns false when the disk does not take it: a scan does not fail because its list is cut short */
  #write(member: Buffer): boolean {
    try {
      this.#descriptor ??= openSync(this.#path, 'w', 0o600)
      for (let at = 0; at < member.length; ) at += writeSync(this.#descriptor, member, at)
      return true
    } catch (error) {
      errorCode(error)
      if (this.#descriptor !== undefined) ftruncateSync(this.#descriptor, this.#bytes)
      return false
    }
  }
}
