import { describe, expect, it } from 'vitest'
import { PERMISSIONS } from './permission.ts'
import { permissionOfScope, scopeOf } from './role-permission.ts'

describe('a delegated scope', () => {
  it.each([
    ['Machine.Scan', 'Machine.Scan'],
    ['Machine.Read.All', 'Machine.Read'],
    ['Scan.Read.All', 'Scan.Read.All'],
  ] as const)('for %s is %s', (permission, scope) => {
    expect(scopeOf(permission)).toBe(scope)
  })

  it('leads back to its permission, for every permission there is', () => {
    for (const permission of PERMISSIONS) expect(permissionOfScope(scopeOf(permission))).toBe(permission)
  })

  it.each(['Machine.Read.All', 'Scan.Read', 'openid', ''])('is never “%s”', (scope) => {
    expect(permissionOfScope(scope)).toBeUndefined()
  })
})
