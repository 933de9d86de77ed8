import {
  MAX_EXCLUSIONS_LENGTH,
  MAX_FRAME_BYTES,
  MAX_SCAN_PATHS_LENGTH,
  type MachineActionId,
  type ScanSettings,
  ServerFrame,
  WEEKDAYS,
  whyNotPaths,
  whyNotPolicy,
} from '@fleetsweep/protocol'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { writeOrder } from './order-desk.ts'

/** Takes six characters of JSON, and seven in the frame around it. */
const COSTLY = '\u0001'
/** Two characters in JSON, four in the frame. */
const QUOTE = '"'
/** Three bytes of UTF-8. */
const WIDE = '漢'

/** Paths that are just as long together as they may be. */
function longestPaths(of: string, maxLength: number): string[] {
  const cost = JSON.stringify(of).length - 2
  const each = Math.floor(maxLength / 100)
  return Array.from({ length: 100 }, () => `/${of.repeat(Math.floor((each - 3) / cost))}`)
}

describe('an order', () => {
  it.each([COSTLY, QUOTE, WIDE])('fits its frame with all that it may carry of %j', (of) => {
    const settings: ScanSettings = {
      exclusions: longestPaths(of, MAX_EXCLUSIONS_LENGTH),
      cpuCeilingPercent: 100,
      windows: Array.from({ length: 28 }, () => ({ days: [...WEEKDAYS], from: '22:00', to: '05:30' })),
      onDetection: 'quarantine',
      rescan: false,
    }
    const paths = longestPaths(of, MAX_SCAN_PATHS_LENGTH)
    expect(whyNotPolicy(settings)).toBeUndefined()
    expect(whyNotPaths('paths', paths, MAX_SCAN_PATHS_LENGTH)).toBeUndefined()
    const actionId = 'f1ee75ee-0000-4000-8000-000000000001' as MachineActionId
    const asked = { scanType: 'Custom', requestor: of.repeat(2_000), comment: of.repeat(4_000) } as const
    const bound = { machineId: 'f'.repeat(40), actionId, agentNonce: 'n'.repeat(128), counter: 2 ** 53 - 1 }
    const order = JSON.stringify(writeOrder({ verb: 'scan', actionId, ...asked }, { paths, settings }, bound))
    const frame = { type: 'order', keyId: actionId, order, signature: 'A'.repeat(88) } as const
    expect(Value.Check(ServerFrame, frame)).toBe(true)
    expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThan(MAX_FRAME_BYTES)
  })

  it.each([
    { text: QUOTE.repeat(8_192) },
    { text: WIDE.repeat(8_192) },
    { text: '\\x01'.repeat(6_144), base64: 'A'.repeat(8_192) },
  ])('to quarantine a file fits its frame with the longest path that is taken, %#', (path) => {
    const actionId = 'f1ee75ee-0000-4000-8000-000000000001' as MachineActionId
    const asked = {
      verb: 'quarantine',
      actionId,
      detectionId: 'd',
      path,
      sha256: 'f'.repeat(64),
      sizeBytes: 1,
      threatName: COSTLY.repeat(512),
      requestor: COSTLY.repeat(2_000),
      comment: COSTLY.repeat(4_000),
    } as const
    const bound = { machineId: 'f'.repeat(40), actionId, agentNonce: 'n'.repeat(128), counter: 2 ** 53 - 1 }
    const order = JSON.stringify(writeOrder(asked, null, bound))
    const frame = { type: 'order', keyId: actionId, order, signature: 'A'.repeat(88) } as const
    expect(Value.Check(ServerFrame, frame)).toBe(true)
    expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThan(MAX_FRAME_BYTES)
  })

  it('is never made of exclusions that are longer', () => {
    const exclusions = [
      ...longestPaths(COSTLY, MAX_EXCLUSIONS_LENGTH),
      `/${'a'.repeat(MAX_EXCLUSIONS_LENGTH / 10)}`,
    ]
    expect(whyNotPolicy({ exclusions })).toMatch(/too long together/)
  })
})
