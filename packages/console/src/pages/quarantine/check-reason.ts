/** Longest comment that the API takes. */
const MAX_REASON = 4_000

/** What is wrong with a reason; `undefined` when nothing is. */
export function checkReason(comment: string): string | undefined {
  const { length } = comment.trim()
  if (length === 0) return 'Say why: it is kept with what was done.'
  return length > MAX_REASON ? `${length} characters; at most ${MAX_REASON} are kept.` : undefined
}
