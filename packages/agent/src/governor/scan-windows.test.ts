import type { ScanWindow } from '@fleetsweep/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { windowState } from './scan-windows.ts'

const zone = process.env.TZ

beforeEach(() => {
  process.env.TZ = 'Europe/Berlin'
})

afterEach(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

const weekdays: ScanWindow['days'] = ['mon', 'tue', 'wed', 'thu', 'fri']
const nights: ScanWindow = { days: weekdays, from: '22:00', to: '06:00' }

/** A state with moments as text of the machine's zone, as people write them. */
function state(lists: ScanWindow[][], now: string): string {
  const found = windowState(lists, Date.parse(now))
  const at = found.isOpen ? found.closesAtMs : found.opensAtMs
  const moment = at === undefined ? 'never' : new Date(at).toISOString().slice(0, 16)
  return `${found.isOpen ? 'open, closes' : 'closed, opens'} ${moment}`
}

describe('windows in which scans may work', () => {
  it('are always open where there are none', () => {
    expect(state([], '2026-11-23T12:00:00Z')).toBe('open, closes never')
    expect(state([[], []], '2026-11-23T12:00:00Z')).toBe('open, closes never')
  })

  it.each([
    ['in the evening before', '2026-11-23T20:59:59Z', 'closed, opens 2026-11-23T21:00'],
    ['at the beginning', '2026-11-23T21:00:00Z', 'open, closes 2026-11-24T05:00'],
    ['after midnight', '2026-11-24T04:59:59Z', 'open, closes 2026-11-24T05:00'],
    ['at the end', '2026-11-24T05:00:00Z', 'closed, opens 2026-11-24T21:00'],
    ['on the morning after the last day', '2026-11-28T04:00:00Z', 'open, closes 2026-11-28T05:00'],
    ['over the weekend', '2026-11-28T12:00:00Z', 'closed, opens 2026-11-30T21:00'],
  ])('go by the clock of the machine and over midnight: %s', (_, now, expected) => {
    expect(state([[nights]], now)).toBe(expected)
  })

  it('that touch are one', () => {
    const mornings: ScanWindow = { days: ['tue'], from: '06:00', to: '08:30' }
    expect(state([[nights, mornings]], '2026-11-23T22:00:00Z')).toBe('open, closes 2026-11-24T07:30')
  })

  it('of the server and of the machine must both be open', () => {
    const early: ScanWindow = { days: ['sat', 'sun', 'tue'], from: '03:00', to: '12:00' }
    expect(state([[nights], [early]], '2026-11-23T22:00:00Z')).toBe('closed, opens 2026-11-24T02:00')
    expect(state([[nights], [early]], '2026-11-24T03:00:00Z')).toBe('open, closes 2026-11-24T05:00')
  })

  it('that have no moment in common never open', () => {
    const noon: ScanWindow = { days: weekdays, from: '11:00', to: '13:00' }
    expect(state([[nights], [noon]], '2026-11-23T22:00:00Z')).toBe('closed, opens never')
  })

  it('move with summer time', () => {
    const sunday: ScanWindow = { days: ['sun'], from: '01:00', to: '05:00' }
    expect(state([[sunday]], '2026-03-28T23:30:00Z')).toBe('closed, opens 2026-03-29T00:00')
    expect(state([[sunday]], '2026-03-29T01:30:00Z')).toBe('open, closes 2026-03-29T03:00')
  })

  it('of the whole week close at the end of what can be seen, and open at once again', () => {
    const always: ScanWindow = { days: [...weekdays, 'sat', 'sun'], from: '00:00', to: '00:00' }
    expect(state([[always]], '2026-11-23T12:00:00Z')).toMatch(/^open, closes 2026-12/)
  })
})
