import { PERMISSIONS, ROLE_PERMISSIONS } from '@fleetsweep/protocol'
import { describe, expect, it } from 'vitest'
import type { Operation } from '../src/kit/http/index.ts'
import { NOT_OFFERED } from '../src/not-offered/index.ts'
import { operations } from '../src/operations.ts'
import type { Principal } from '../src/principal/index.ts'
import type { Services } from '../src/services.ts'

type AnyOperation = Operation<Principal, Services>

/** Routes for whoever is signed in, whatever they may do; each addition is a decision. */
const SIGNED_IN = ['GET /fleet/v1/me', ...NOT_OFFERED.map(({ route }) => route)]

/** Routes that anybody may call; each addition is a decision. */
const ANONYMOUS = [
  'GET /:tenant/.well-known/openid-configuration',
  'GET /:tenant/device',
  'GET /:tenant/device/:interaction',
  'GET /:tenant/discovery/keys',
  'GET /:tenant/discovery/v2.0/keys',
  'GET /:tenant/oauth2/token',
  'GET /:tenant/oauth2/v2.0/authorize',
  'GET /:tenant/oauth2/v2.0/authorize/:interaction',
  'GET /:tenant/oauth2/v2.0/logout',
  'GET /:tenant/oauth2/v2.0/token',
  'GET /:tenant/password',
  'GET /:tenant/sign-in/:interaction',
  'GET /:tenant/v2.0/.well-known/openid-configuration',
  'GET /assets/sign-in.css',
  'GET /common/discovery/instance',
  'GET /fleet/v1/signIn',
  'GET /openapi.json',
  'POST /:tenant/device',
  'POST /:tenant/oauth2/token',
  'POST /:tenant/oauth2/v2.0/devicecode',
  'POST /:tenant/oauth2/v2.0/logout',
  'POST /:tenant/oauth2/v2.0/revoke',
  'POST /:tenant/oauth2/v2.0/token',
  'POST /:tenant/password',
  'POST /:tenant/sign-in/:interaction',
]

/** Routes whose body names the machines that a caller must reach. */
const MACHINES_IN_BODY = ['POST /api/machines/AddOrRemoveTagForMultipleMachines']

const isAnonymous = ({ access }: AnyOperation) => 'anonymous' in access

describe('every route', () => {
  it('says who may call it: whoever has one of its permissions, or which others and why', () => {
    for (const { route, access } of operations) {
      if ('anonymous' in access) expect(access.anonymous, route).not.toBe('')
      else if ('signedIn' in access) expect(access.signedIn, route).not.toBe('')
      else {
        expect(access.permission.length, route).toBeGreaterThan(0)
        expect(PERMISSIONS, route).toEqual(expect.arrayContaining([...access.permission]))
        expect(access.role.length, route).toBeGreaterThan(0)
        expect(ROLE_PERMISSIONS, route).toEqual(expect.arrayContaining([...access.role]))
        expect(['machine', 'machines', 'tenant'], route).toContain(access.reach)
        // The machine whose reach is asked for must be in the path, by itself or by what is its own.
        if (access.reach === 'machine' && !MACHINES_IN_BODY.includes(route))
          expect(route).toMatch(/\/:(machineId|actionId|alertId|detectionId|quarantineId|taskId)(\/|$)/)
      }
    }
  })

  it('asks who calls, unless it is known to be for anybody', () => {
    expect(
      operations
        .filter(isAnonymous)
        .map(({ route }) => route)
        .filter((route) => !route.includes('/fleet/v1/agent/'))
        .sort(),
    ).toEqual(ANONYMOUS)
  })

  it('asks for a permission, unless it is known to be for whoever is signed in', () => {
    expect(operations.filter(({ access }) => 'signedIn' in access).map(({ route }) => route)).toEqual(
      SIGNED_IN,
    )
  })
})
