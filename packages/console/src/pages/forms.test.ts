import { describe, expect, it } from 'vitest'
import { checkAddMachineForm } from './machines/add-machine-form.ts'
import { checkScanForm, MAX_COMMENT, scanRequestOf } from './machines/scan-form.ts'
import { checkSignIn } from './sign-in/sign-in-form.ts'

describe('the form of a scan', () => {
  const form = { scanType: 'Quick', paths: '', rescan: false, comment: 'why' } as const

  it.each(['why', ` ${'x'.repeat(MAX_COMMENT)} `])('takes a comment that the API takes', (comment) => {
    expect(checkScanForm({ ...form, comment })).toEqual({})
  })

  it.each(['', ' \n', 'x'.repeat(MAX_COMMENT + 1)])('refuses one that is blank or too long', (comment) => {
    expect(checkScanForm({ ...form, comment })).toHaveProperty('comment')
  })

  it('asks for the paths that were typed, one in each line, where they are chosen', () => {
    const typed = { ...form, scanType: 'Custom' as const, paths: ' /srv/upload\r\n\nC:\\Mail \n' }
    expect(checkScanForm(typed)).toEqual({})
    expect(scanRequestOf(typed)).toMatchObject({ paths: ['/srv/upload', 'C:\\Mail'], rescan: false })
    expect(scanRequestOf({ ...typed, scanType: 'Full' })).not.toHaveProperty('paths')
  })

  it.each([
    ['\n', 'Say what to scan'],
    ['srv/upload', 'holds "srv/upload", which is not absolute'],
    ['/srv/../etc', '. or ..'],
    [Array.from({ length: 101 }, (_, at) => `/${at}`).join('\n'), '101 paths; at most 100'],
    [Array.from({ length: 3 }, () => `/${'a'.repeat(4_000)}`).join('\n'), 'too long together'],
  ])('says what is wrong with paths as the server does (%#)', (paths, why) => {
    expect(checkScanForm({ ...form, scanType: 'Custom', paths }).paths).toContain(why)
  })
})

describe('the form of new machines', () => {
  it.each(['1', ' 20 ', '100000'])('takes %j machines', (machines) => {
    expect(checkAddMachineForm({ description: '', machines })).toEqual({})
  })

  it.each(['', '0', '-1', '1.5', 'some', '100001'])('refuses %j machines', (machines) => {
    expect(checkAddMachineForm({ description: '', machines })).toHaveProperty('machines')
  })

  it('refuses a description that is longer than what is kept', () => {
    expect(checkAddMachineForm({ description: 'x'.repeat(401), machines: '1' })).toHaveProperty('description')
  })
})

describe('the form for signing in', () => {
  const good = {
    tenant: 'contoso.example',
    clientId: '2e9da30d-27f6-4208-81f2-9cd3d67893ba',
    clientSecret: ' ',
  }

  it('takes a tenant by domain or id, and a secret as it is', () => {
    expect(checkSignIn(good)).toEqual({})
  })

  it.each(['tenant', 'clientId', 'clientSecret'] as const)('names a missing %s', (name) => {
    expect(Object.keys(checkSignIn({ ...good, [name]: '' }))).toEqual([name])
  })
})
