import type { Inventory } from '@fleetsweep/protocol'
import { instantFromMs } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import { statusText } from './status-text.ts'

const NOW = instantFromMs(1_795_600_000_000)

function engineLine(engine: Partial<Inventory['engine']>): string | undefined {
  const running = {
    pid: 1,
    agentVersion: '0.1.0',
    connection: { state: 'connected' as const, since: NOW, reason: null },
    engine: {
      name: 'Microsoft Defender',
      version: null,
      state: 'missing' as const,
      signatures: null,
      ...engine,
    },
    scan: null,
    waiting: 0,
  }
  const overview = { stateDir: '/s', identity: undefined, problem: undefined, running, recent: [] }
  return /^engine +(.*)$/m.exec(statusText(overview, NOW))?.[1]
}

describe('what the status says of an engine that cannot scan', () => {
  it.each([
    [{}, 'Microsoft Defender is not installed'],
    [{ mode: 'Not running' }, 'Microsoft Defender is not running'],
    [{ mode: 'Not running', version: '4.18' }, 'Microsoft Defender 4.18 is not running'],
    [{ mode: 'Normal', version: '101.1' }, 'Microsoft Defender 101.1 cannot scan'],
    [{ state: 'noSignatures', version: '101.1' }, 'Microsoft Defender 101.1 has no signatures'],
  ] satisfies [Partial<Inventory['engine']>, string][])('goes by what it tells: %o', (engine, line) => {
    expect(engineLine(engine)).toBe(line)
  })
})
