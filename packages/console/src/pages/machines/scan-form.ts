import {
  MAX_SCAN_PATHS,
  MAX_SCAN_PATHS_LENGTH,
  type RequestScanBody,
  type ScanType,
  whyNotPaths,
} from '@fleetsweep/protocol'
import { readLines } from '../../components/read-lines.ts'

/** `paths` as it was typed: one in each line. */
export type ScanForm = { scanType: ScanType; paths: string; rescan: boolean; comment: string }

/** Longest comment that the API takes. */
export const MAX_COMMENT = 4_000

/** What is wrong with a form, by field; empty when nothing is. */
export function checkScanForm({
  scanType,
  paths,
  comment,
}: ScanForm): Partial<Record<keyof ScanForm, string>> {
  const wrongPaths = scanType === 'Custom' ? whyNotScanPaths(readLines(paths)) : undefined
  const wrongComment = whyNotComment(comment.trim())
  return {
    ...(wrongPaths !== undefined && { paths: wrongPaths }),
    ...(wrongComment !== undefined && { comment: wrongComment }),
  }
}

/** What a form asks for that nothing is wrong with. */
export function scanRequestOf({ scanType, paths, rescan, comment }: ScanForm): RequestScanBody {
  return {
    scanType,
    ...(scanType === 'Custom' && { paths: readLines(paths) }),
    rescan,
    comment: comment.trim(),
  }
}

function whyNotScanPaths(paths: readonly string[]): string | undefined {
  if (paths.length === 0) return 'Say what to scan: one folder or file in each line.'
  if (paths.length > MAX_SCAN_PATHS) return `${paths.length} paths; at most ${MAX_SCAN_PATHS} are taken.`
  return whyNotPaths('paths', paths, MAX_SCAN_PATHS_LENGTH)
}

function whyNotComment(comment: string): string | undefined {
  if (comment === '') return 'Say why: it is kept with the action.'
  return comment.length > MAX_COMMENT
    ? `${comment.length} characters; at most ${MAX_COMMENT} are kept.`
    : undefined
}
