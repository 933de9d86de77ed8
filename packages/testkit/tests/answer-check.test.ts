import { describe, expect, it } from 'vitest'
import { AnswerCheck, type Exchange } from '../src/answer-check/answer-check.ts'
import { described } from '../src/answer-check/global-setup.ts'

const check = new AnswerCheck(described())
const me = {
  kind: 'application',
  id: 'f1ee75ee-0000-4000-8000-000000000001',
  name: 'Playbooks',
  tenant: 'f1ee75ee-0000-4000-8000-000000000002',
  permissions: ['Machine.Scan'],
  rolePermissions: null,
  reach: { allMachines: true, deviceGroups: [] },
}
const refused = (code: string) => JSON.stringify({ error: { code, message: 'No', target: 'x' } })
const ODATA = { 'content-type': 'application/json; charset=utf-8', 'odata-version': '4.0' }

function complaint(target: string, given: Partial<Exchange> = {}): string | undefined {
  const [method = '', path = ''] = target.split(' ')
  return check.complaintOf({
    method,
    target: path,
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(me),
    ...given,
  })
}

describe('an answer that is as it is described', () => {
  it.each(['GET /fleet/v1/me', 'GET /FLEET/v1//Me/', 'GET /fleet/v1/%6de?x=1', 'HEAD /fleet/v1/me'])(
    'is fine, however the path is written: %s',
    (target) => {
      expect(complaint(target)).toBeUndefined()
    },
  )

  it.each([
    ['GET /api/machines/x', 404, refused('ResourceNotFound')],
    ['GET /api/v1.0/MACHINES/x/', 404, refused('ResourceNotFound')],
    ['GET /api/nothing', 404, refused('NotFound')],
  ])('is fine as a refusal: %s', (target, status, body) => {
    expect(complaint(target, { status, body })).toBeUndefined()
  })
})

describe('an answer that is not as it is described', () => {
  it('has a status that the description does not have', () => {
    expect(complaint('GET /fleet/v1/me', { status: 202 })).toContain('has no such status')
  })

  it('lacks a member', () => {
    const { reach: _, ...rest } = me
    expect(complaint('GET /fleet/v1/me', { body: JSON.stringify(rest) })).toContain('reach')
  })

  it('tells more than it says', () => {
    const body = JSON.stringify({ ...me, secret: 'x' })
    expect(complaint('GET /fleet/v1/me', { body })).toContain('unevaluated properties')
    const inside = JSON.stringify({ ...me, reach: { ...me.reach, secret: 'x' } })
    expect(complaint('GET /fleet/v1/me', { body: inside })).toContain('body/reach')
  })

  it('tells more than its parts say, where it is made of several', () => {
    const made = {
      id: me.id,
      description: '',
      hint: 'abc',
      createdAt: '2026-11-23T12:00:00Z',
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
      secret: 'abcdef',
    }
    const told = (body: object) =>
      complaint('POST /fleet/v1/applications/x/secrets', { status: 201, body: JSON.stringify(body) })
    expect(told(made)).toBeUndefined()
    expect(told({ ...made, hash: 'x' })).toContain('unevaluated properties')
  })

  it('is no JSON, or of another type', () => {
    expect(complaint('GET /fleet/v1/me', { body: '<html>' })).toContain('must be object')
    expect(complaint('GET /fleet/v1/me', { headers: { 'content-type': 'text/html' } })).toContain('text/html')
  })

  it('has a header that is not described, or lacks one that is', () => {
    const headers = { ...ODATA, location: '/elsewhere' }
    expect(complaint('GET /api/machines', { headers, body: '{"@odata.context":"x","value":[]}' })).toContain(
      'no header location',
    )
    expect(complaint('GET /api/machines/x', { status: 429, body: refused('TooManyRequests') })).toContain(
      'Retry-After is missing',
    )
  })

  it('is refused with a code that the operation does not have', () => {
    expect(
      complaint('GET /api/machines/x', { status: 400, body: refused('ActiveRequestAlreadyExists') }),
    ).toContain('has no ActiveRequestAlreadyExists')
  })

  it('is refused in the shape of the other API', () => {
    expect(complaint('GET /fleet/v1/nothing', { status: 404, body: refused('NotFound') })).toContain(
      'application/problem+json',
    )
  })

  it('comes from a path that is no operation', () => {
    expect(complaint('GET /fleet/v2/me')).toContain('no operation is described')
    expect(complaint('DELETE /fleet/v1/me', { status: 405 })).toContain('Allow')
  })
})
