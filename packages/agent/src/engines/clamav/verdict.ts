import type { Judgement } from '../engine.ts'
import type { ClamdReply } from './clamd-replies.ts'

/**
 * What a reply says about a file.
 *
 * With its alerts on, clamd dresses "I did not look at all of it" up as a finding; without them it would say OK.
 *
 * | name starts with                          | means                    |
 * | ----------------------------------------- | ------------------------ |
 * | `Heuristics.Limits.Exceeded.MaxScanTime`  | not judged: timed out    |
 * | `Heuristics.Limits.Exceeded`              | not judged: engine limit |
 * | `Heuristics.Encrypted`                    | not judged: encrypted    |
 * | anything else                             | a threat                 |
 */
export function judgementOf(reply: Exclude<ClamdReply, { kind: 'pong' }>): Judgement {
  if (reply.kind === 'clean') return { kind: 'clean' }
  if (reply.kind === 'error') return { kind: 'notJudged', reason: 'engineError', detail: reply.detail }
  const name = reply.threatName
  if (name.startsWith('Heuristics.Limits.Exceeded')) {
    const reason = name.startsWith('Heuristics.Limits.Exceeded.MaxScanTime') ? 'timedOut' : 'engineLimit'
    return { kind: 'notJudged', reason, detail: name }
  }
  if (name.startsWith('Heuristics.Encrypted')) return { kind: 'notJudged', reason: 'encrypted', detail: name }
  return { kind: 'threat', threatName: name }
}
