import { DEFAULT_SCAN_SETTINGS, MAX_EXCLUSIONS, MAX_WINDOWS } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import { checkPolicyForm, policyChangeOf, policyFormOf } from './policy-form.ts'

const policy = { ...DEFAULT_SCAN_SETTINGS, exclusions: ['/srv/mail'] }
const form = policyFormOf(policy)
const night = { days: ['mon' as const], from: '22:00', to: '06:00' }

describe('the form of a scan policy', () => {
  it('changes nothing that was not touched', () => {
    expect(checkPolicyForm(form)).toEqual({})
    expect(policyChangeOf(form, policy)).toEqual({})
    expect(policyChangeOf({ ...form, cpu: '20', exclusions: '' }, policy)).toEqual({
      cpuCeilingPercent: 20,
      exclusions: [],
    })
    expect(policyChangeOf({ ...form, windows: [night], onDetection: 'quarantine' }, policy)).toEqual({
      windows: [night],
      onDetection: 'quarantine',
    })
  })

  it.each(['', '4', '101', '20.5', 'half'])('takes no ceiling of %j', (cpu) => {
    expect(checkPolicyForm({ ...form, cpu })).toEqual({ cpu: 'A whole number from 5 to 100.' })
  })

  it.each([
    ['mail', 'holds "mail", which is not absolute'],
    ['/', 'the root of a file system'],
    ['/srv/../etc', '. or ..'],
    [
      Array.from({ length: MAX_EXCLUSIONS + 1 }, (_, at) => `/${at}`).join('\n'),
      '101 exclusions; at most 100',
    ],
  ])('says what is wrong with exclusions as the server does (%#)', (exclusions, why) => {
    expect(checkPolicyForm({ ...form, exclusions }).exclusions).toContain(why)
  })

  it('says which window is not whole', () => {
    const windows = [night, { ...night, days: [] }, { ...night, to: '' }]
    expect(checkPolicyForm({ ...form, windows }).windows).toEqual(
      new Map([
        [1, 'Choose the days on which it begins.'],
        [2, 'Both times are needed, such as 22:30.'],
      ]),
    )
    const many = Array.from({ length: MAX_WINDOWS + 1 }, () => night)
    expect(checkPolicyForm({ ...form, windows: many }).windows?.size).toBe(1)
  })
})
