import type { TaskHandlers, TaskOutcome } from '../actions/task-queue.ts'
import type { FreshclamOutcome } from './freshclam.ts'
import type { SignatureUpdater } from './signature-updater.ts'

/** Updates the signatures when that is ordered. An agent that is to end does not wait for it. */
export function updateOnOrder(updater: Pick<SignatureUpdater, 'update'>): TaskHandlers['updateSignatures'] {
  return async (_order, { signal }) => {
    const { promise: interrupted, resolve } = Promise.withResolvers<TaskOutcome>()
    const onAbort = () => resolve({ kind: 'interrupted' })
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([updater.update().then(told), interrupted])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}

function told(outcome: FreshclamOutcome): TaskOutcome {
  switch (outcome.kind) {
    case 'updated':
      return { kind: 'done', sentence: shorten(`Updated: ${outcome.databases.join(', ')}.`) }
    case 'current':
      return { kind: 'done', sentence: 'The signatures were current already.' }
    case 'failed':
      return { kind: 'failed', reason: shorten(outcome.sentence) }
  }
}

function shorten(sentence: string): string {
  return sentence.slice(0, 1_000)
}
