import fc from 'fast-check'
import { operations } from '../../src/operations.ts'
import { bodiesFor } from './body-text.ts'
import type { FuzzCall, FuzzWorld } from './fuzz-world.ts'
import { anyCase, inTarget, oddTexts } from './odd-text.ts'

/** Every route of the server. */
export const ROUTES = operations.map(({ route, method, path, body, consumes }) => ({
  route,
  method,
  path,
  body,
  isForm: consumes === 'form',
}))
export type Route = (typeof ROUTES)[number]

/** What may stand for a name in a path: mostly something that there is. */
function namesOf(world: FuzzWorld): fc.Arbitrary<string> {
  const there = fc.constantFrom<string>(
    world.machine,
    world.machine.toUpperCase(),
    'web-01.contoso.example',
    world.action,
    world.api.tenant,
    'contoso.example',
    'common',
    ...world.ids,
    "ip='192.0.2.1',timestamp=2026-11-23T08:00:00Z",
    'index=0',
  )
  const shaped = fc.oneof(fc.uuid(), fc.stringMatching(/^[0-9a-f]{40}$/), fc.bigInt().map(String))
  return fc.oneof(
    { weight: 3, arbitrary: there },
    { weight: 1, arbitrary: shaped },
    { weight: 2, arbitrary: inTarget(oddTexts) },
  )
}

/** Paths of a route, its names filled in. */
export function pathsOf(world: FuzzWorld, { path }: Pick<Route, 'path'>): fc.Arbitrary<string> {
  const parts = path.split(/(:\w+)/)
  const filled = parts.map((part) => (part.startsWith(':') ? namesOf(world) : fc.constant(part)))
  return fc.tuple(...filled).map((texts) => texts.join(''))
}

// Waiting for an action would wait for the clock, which stands still.
const queries = fc.array(
  fc.tuple(
    anyCase(
      fc.constantFrom(
        '$filter',
        '$top',
        '$skip',
        '$orderby',
        '$count',
        '$skiptoken',
        'cursor',
        'limit',
        'machineId',
        'actionId',
        'from',
        'to',
        'principal',
        'head',
        'tag',
        'client_id',
        'scope',
        'response_type',
        'redirect_uri',
        'state',
        'code',
        'api-version',
        'authorization_endpoint',
      ),
    ),
    fc.oneof(
      oddTexts,
      fc.nat().map(String),
      fc.uuid(),
      fc.constantFrom('client_credentials', 'openid', 'code'),
    ),
  ),
  { maxLength: 3 },
)
const queryTexts = queries.chain((pairs) =>
  fc
    .tuple(...pairs.map(([name, value]) => inTarget(fc.constant(value)).map((text) => `${name}=${text}`)))
    .map((list) => list.join('&')),
)

const formNames = fc.constantFrom(
  'grant_type',
  'client_id',
  'client_secret',
  'scope',
  'resource',
  'client_assertion',
  'client_assertion_type',
  'code',
  'code_verifier',
  'refresh_token',
  'device_code',
  'redirect_uri',
  'token',
  'username',
  'password',
  'user_code',
  'interaction',
)

/** Forms, whose values mostly are what somebody could mean. */
export const formTexts: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      formNames,
      inTarget(
        fc.oneof(
          oddTexts,
          fc.uuid(),
          fc.constantFrom(
            'client_credentials',
            'authorization_code',
            'refresh_token',
            'urn:ietf:params:oauth:grant-type:device_code',
            'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            'https://api.securitycenter.microsoft.com/.default',
            'https://api.securitycenter.microsoft.com',
            'openid offline_access',
            'eyJhbGciOiJQUzI1NiJ9.e30.AAAA',
            'e30.e30.',
          ),
        ),
      ),
    ),
    { maxLength: 8 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'))

/** Calls of a route that could be meant: its verb, its path, and a body of its own. */
export function callsOf(world: FuzzWorld, route: Route): fc.Arbitrary<FuzzCall> {
  const bodies = route.isForm
    ? formTexts
    : route.body
      ? bodiesFor(route.body)
      : fc.constantFrom('', '{}', '[')
  return fc.record({
    method: fc.constant(route.method),
    target: fc
      .tuple(pathsOf(world, route), queryTexts)
      .map(([path, query]) => (query === '' ? path : `${path}?${query}`)),
    body: fc.oneof({ weight: 9, arbitrary: bodies }, { weight: 1, arbitrary: fc.constant('') }),
    headers: fc.constantFrom<readonly string[]>([], ['Content-Type: application/json']),
    signedIn: fc.oneof(
      { weight: 9, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
  })
}
