import type { ScanType } from '@fleetsweep/protocol'

export type ScanForm = { scanType: ScanType; comment: string }

/** Longest comment that the API takes. */
export const MAX_COMMENT = 4_000

/** What is wrong with a form, by field; empty when nothing is. */
export function checkScanForm({ comment }: ScanForm): Partial<Record<keyof ScanForm, string>> {
  if (comment.trim() === '') return { comment: 'Say why: it is kept with the action.' }
  const length = comment.trim().length
  if (length > MAX_COMMENT) return { comment: `${length} characters; at most ${MAX_COMMENT} are kept.` }
  return {}
}
