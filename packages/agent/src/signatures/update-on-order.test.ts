import { describe, expect, it } from 'vitest'
import type { FreshclamOutcome } from './freshclam.ts'
import { updateOnOrder } from './update-on-order.ts'

const order = {
  verb: 'updateSignatures',
  machineId: 'ab'.repeat(20),
  actionId: '00000000-0000-4000-8000-000000000001',
  agentNonce: 'n'.repeat(16),
  counter: 1,
  requestor: 'ada',
  comment: '',
} as const

describe('an ordered update of the signatures', () => {
  const stop = new AbortController()
  const context = { isRepeated: false, signal: stop.signal }

  it.each<[FreshclamOutcome, object]>([
    [
      { kind: 'updated', databases: ['daily.cld', 'bytecode.cvd'] },
      { kind: 'done', sentence: 'Updated: daily.cld, bytecode.cvd.' },
    ],
    [{ kind: 'current' }, { kind: 'done', sentence: 'The signatures were current already.' }],
    [
      { kind: 'failed', sentence: 'The mirror is not there.' },
      { kind: 'failed', reason: 'The mirror is not there.' },
    ],
  ])('that ended as %j says so', async (outcome, told) => {
    expect(await updateOnOrder({ update: async () => outcome })(order, context)).toEqual(told)
  })

  it('does not keep the agent from ending', async () => {
    const { promise } = Promise.withResolvers<FreshclamOutcome>()
    const updating = updateOnOrder({ update: () => promise })(order, context)
    stop.abort()
    expect(await updating).toEqual({ kind: 'interrupted' })
  })
})
