import { type AgentEvent, conclude, type Instant } from '@fleetsweep/protocol'

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
export function summarize(event: AgentEvent, now: Instant): { ending: Ending; sentence: string } | undefined {
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
        sentence: event.proof === 'neverStarted' ? 'stopped before it started' : 'stopped by the server',
      }
    default:
      return undefined
  }
}
