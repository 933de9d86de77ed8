import { type AgentEvent, conclude, type Instant } from '@fleetsweep/protocol'
import type { Origin } from './local-scan.ts'

export const ENDINGS = [
  'clean',
  'done',
  'nothingFound',
  'threatsFound',
  'failed',
  'stopped',
  'forgotten',
] as const
/** How an action ended, in one word; `forgotten` when the server did not know it any more. */
export type Ending = (typeof ENDINGS)[number]

/** @returns `undefined` for an event that ends nothing */
export function summarize(
  event: AgentEvent,
  now: Instant,
  origin: Origin,
): { ending: Ending; sentence: string } | undefined {
  switch (event.kind) {
    case 'finished': {
      const { word, sentence } = conclude(event.report, now)
      return { ending: word, sentence }
    }
    case 'done':
      return { ending: 'done', sentence: event.sentence }
    case 'failed':
      return { ending: 'failed', sentence: event.reason }
    case 'stopped':
      return {
        ending: 'stopped',
        sentence: stoppedSentence(event.proof === 'neverStarted', origin),
      }
    default:
      return undefined
  }
}

function stoppedSentence(isBeforeStart: boolean, origin: Origin): string {
  if (isBeforeStart) return 'stopped before it started'
  return origin === 'server' ? 'stopped by the server' : 'stopped on this machine'
}
