import { describe, expect, it } from 'vitest'
import { audienceOf, readScopes, writeScopes } from './scope-request.ts'

describe('scopes as Entra’s programs write them', () => {
  it.each([
    ['Machine.Scan', 'Machine.Scan', ['']],
    ['https://fleet.example/Machine.Scan', 'Machine.Scan', ['https://fleet.example']],
    ['https://fleet.example//Machine.Scan', 'Machine.Scan', ['https://fleet.example/']],
    ['fc780465-2017-40d4-a0c5-307022471b92/.default', '.default', ['fc780465-2017-40d4-a0c5-307022471b92']],
    ['openid  profile offline_access', 'openid profile offline', ['']],
    [
      'openid https://a.example/Machine.Read https://a.example/Machine.Scan',
      'openid Machine.Read Machine.Scan',
      ['https://a.example'],
    ],
    ['https://a.example/x https://b.example/y', 'x y', ['https://a.example', 'https://b.example']],
  ])('%s', (text, scope, audiences) => {
    const read = readScopes(text)
    expect(read.scope).toBe(scope)
    expect(read.resources.map(audienceOf)).toEqual(audiences)
  })

  it('are named in the answer as they were asked for', () => {
    const granted = ['openid', 'Machine.Scan', 'offline']
    expect(writeScopes('https://fleet.example', granted)).toBe('https://fleet.example/Machine.Scan openid')
    expect(writeScopes('', granted)).toBe('Machine.Scan openid')
  })
})
