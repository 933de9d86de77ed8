import { buildMachineEngine } from '@fleetsweep/testkit'
import { describe, expect, it } from 'vitest'
import { describeMachineEngine, describeSignatures } from './engine-words.ts'

const signatures = (given: object) => {
  const engine = buildMachineEngine()
  return { ...engine, signatures: { ...engine.signatures, ...given } }
}

describe('words for the engine of a machine', () => {
  it.each([
    [signatures({}), 'in date, 1 day old'],
    [signatures({ ageDays: 0 }), 'in date, of today'],
    [signatures({ state: 'old', ageDays: 12 }), 'old signatures, 12 days old'],
    [signatures({ state: 'old', ageDays: null }), 'old signatures, of unknown age'],
    [signatures({ state: 'testOnly', ageDays: null }), 'test signatures only'],
    [signatures({ state: 'none' }), 'no signatures'],
    [{ ...signatures({ state: 'none' }), state: 'missing' as const }, 'no engine'],
  ])('say how good its signatures are (%#)', (engine, words) => {
    expect(describeSignatures(engine)).toBe(words)
  })

  it.each([
    [{}, 'ClamAV 1.4.6, started for scans'],
    [{ life: 'resident' as const }, 'ClamAV 1.4.6, kept running'],
    [{ life: 'system' as const, version: null }, 'ClamAV, runs by itself'],
    [{ life: null }, 'ClamAV 1.4.6'],
    [{ state: 'missing' as const }, 'no ClamAV'],
  ])('say which it is: %j', (given, words) => {
    expect(describeMachineEngine(buildMachineEngine(given))).toBe(words)
  })
})
