import type { Ledger, Verification } from '../ledger/index.ts'
import { nameFor } from './judge-file.ts'
import type { JudgedFiles } from './judged-files.ts'
import type { ScanBook } from './scan-book.ts'
import type { WalkVisitor } from './walk.ts'
import type { Tier, WorkList } from './work-list.ts'

export type MeetOptions = {
  book: ScanBook
  list: WorkList
  judged: JudgedFiles
  /** Undefined where everything is to be read. */
  known: { ledger: Ledger; verification: Verification } | undefined
  maxFileSizeBytes: number
  tier: () => Tier
}

/** Decides for each file that the walk meets whether an engine has to read it. */
export function meetFiles(options: MeetOptions): WalkVisitor {
  const { book, list, judged, known, maxFileSizeBytes, tier } = options
  return {
    regularFile(path, stats, openPath) {
      const bytes = book.count.meet(stats.size)
      // Of an empty file all bytes were read.
      if (stats.size === 0n) {
        book.read('scanned', 0)
        return 0
      }
      if (stats.size > maxFileSizeBytes) {
        book.notRead('tooLarge', path, bytes, `${stats.size} bytes`)
        return 0
      }
      const toRead = (isKnown: boolean) => {
        list.add(tier(), { path, openPath, bytes, stats, isKnown })
        book.meter.moved()
        return bytes
      }
      // It waits for what becomes of that one, which may be known by now.
      if (list.hasOtherName(stats)) return toRead(false)
      const before = judged.carryOver(stats, bytes)
      if (before) {
        const { outcome, isDuplicate } = before
        if (outcome.kind === 'threat') book.found(nameFor(outcome.detection, path), judged)
        if (outcome.kind === 'notScanned') book.notRead(outcome.reason, path, bytes, outcome.detail)
        else book.read(isDuplicate ? 'duplicate' : 'scanned', bytes)
        return 0
      }
      const isKnown = known?.ledger.has(stats) ?? false
      if (isKnown && !known?.verification.chooses(bytes)) {
        book.read('unchanged', bytes)
        return 0
      }
      return toRead(isKnown)
    },
    specialFile: (path, detail) => book.passed('specialFile', path, detail),
    excludedFile: (path, stats, exclusion) => book.excluded(path, stats, exclusion),
    unknownFile: (path, reason, detail) => book.passed(reason, path, detail),
    symlink: () => book.symlink(),
    folder: () => book.folder(),
    unreadableFolder: (path, detail) => book.unreadableFolder(path, detail),
    mountSkipped: (mount) => book.mountSkipped(mount),
  }
}
