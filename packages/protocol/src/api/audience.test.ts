import { describe, expect, it } from 'vitest'
import { DEFENDER_AUDIENCES, isMicrosoftAudience } from './audience.ts'

describe('an audience of Microsoft’s', () => {
  it.each([
    ...DEFENDER_AUDIENCES,
    'https://API.securitycenter.Microsoft.com//',
    'https://api.security.microsoft.com:443/x',
    'https://api.security.microsoft.com.',
    'api.security.microsoft.com',
    'https://graph.microsoft.com',
    'https://management.azure.com/',
    'api://fc780465-2017-40d4-a0c5-307022471b92',
    'spn:FC780465-2017-40d4-a0c5-307022471b92',
    '00000003-0000-0000-c000-000000000000',
  ])('is %s', (audience) => {
    expect(isMicrosoftAudience(audience)).toBe(true)
  })

  it.each([
    'https://fleet.example',
    'https://microsoft.com.fleet.example',
    'https://notmicrosoft.com',
    'https://contoso.onmicrosoft.com/fleetsweep',
    'api://0d3bd2a5-6d0e-4f7c-9d61-6d9f5f3f6c11',
    '0d3bd2a5-6d0e-4f7c-9d61-6d9f5f3f6c11',
    'fleetsweep',
    '',
  ])('is not %j', (audience) => {
    expect(isMicrosoftAudience(audience)).toBe(false)
  })
})
