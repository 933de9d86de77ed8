import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { postgresDatabase, sqliteDatabase } from '../api-server.ts'
import { bodiesFor } from './body-text.ts'
import { filterTexts, LIST_FIELDS, type ListFields, listOptions } from './filter-text.ts'
import { FUZZ_TIMEOUT, fuzz } from './fuzz-run.ts'
import { type FuzzCall, FuzzWorld } from './fuzz-world.ts'
import { headerLines } from './header-lines.ts'
import { anyCase, inTarget, mutated, oddTexts } from './odd-text.ts'
import { callsOf, formTexts, pathsOf, ROUTES, type Route } from './routes.ts'

/** Beyond that there is one answer, whatever the rest says; few calls are for that. */
const LONGEST_TARGET = 15_500

const LISTS: readonly [string, ListFields][] = [
  ['/api/machines', LIST_FIELDS.machines],
  ['/api/machines/$count', LIST_FIELDS.machines],
  ['/api/machineactions', LIST_FIELDS.actions],
  ['/api/machineactions/$count', LIST_FIELDS.actions],
  ['/api/alerts', LIST_FIELDS.alerts],
  ['/api/alerts/$count', LIST_FIELDS.alerts],
  ['/api/deviceavinfo', LIST_FIELDS.antivirusInfo],
  ['/api/deviceavinfo/$count', LIST_FIELDS.antivirusInfo],
]

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', postgresDatabase],
])('whatever is sent to a server on %s, it answers as it should:', (database, openDatabase) => {
  let world: FuzzWorld

  beforeAll(async () => {
    world = await FuzzWorld.open(openDatabase)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const run = (what: string, ...calls: fc.Arbitrary<FuzzCall>[]) =>
    fuzz(`${what} on ${database}`, world, ...calls)
  const signedInGet = (target: string): FuzzCall => ({
    method: 'GET',
    target: target.slice(0, LONGEST_TARGET),
    signedIn: true,
  })
  /** One of the routes that fit, and what depends on it. */
  const ofRoutes = <T>(fits: (route: Route) => boolean, make: (route: Route) => fc.Arbitrary<T>) =>
    fc.oneof(...ROUTES.filter(fits).map(make))

  it('filters', FUZZ_TIMEOUT, async () => {
    const calls = fc.oneof(
      ...LISTS.map(([path, fields]) =>
        inTarget(filterTexts(fields)).map((text) => signedInGet(`${path}?$filter=${text}`)),
      ),
    )
    await run('filters', calls)
  })

  it('other options of lists', FUZZ_TIMEOUT, async () => {
    const calls = fc.oneof(
      ...LISTS.map(([path, fields]) =>
        listOptions(fields).chain((pairs) =>
          fc
            .tuple(
              ...pairs.map(([name, text]) => inTarget(fc.constant(text)).map((value) => `${name}=${value}`)),
            )
            .map((query) => signedInGet(`${path}?${query.join('&')}`)),
        ),
      ),
    )
    await run('options', calls)
  })

  it('bodies', FUZZ_TIMEOUT, async () => {
    const calls = ofRoutes(
      (route) => route.body !== undefined && !route.isForm,
      (route) =>
        fc
          .tuple(pathsOf(world, route), bodiesFor(route.body))
          .map(([target, body]) => ({ method: route.method, target, body, signedIn: true })),
    )
    await run('bodies', calls)
  })

  it('headers', FUZZ_TIMEOUT, async () => {
    const lines = fc.constantFrom(
      'GET /api/machines?$top=1',
      `GET /api/machines/${world.machine}`,
      'POST /api/machines/nobody/runAntiVirusScan',
      'GET /fleet/v1/detections',
      'POST /fleet/v1/users',
      `POST /${world.api.tenant}/oauth2/v2.0/token`,
      `GET /${world.api.tenant}/v2.0/.well-known/openid-configuration`,
      'GET /nothing',
    )
    const bodies = fc.constantFrom('', '{}', '{"Comment":"c","ScanType":"Quick"}')
    const calls = fc
      .tuple(lines, headerLines, fc.boolean(), bodies)
      .map(([line, headers, isSignedIn, body]) => {
        const [method = '', target = ''] = line.split(' ')
        return { method, target, headers, signedIn: isSignedIn, body }
      })
    await run('headers', calls)
  })

  it('paths and ids', FUZZ_TIMEOUT, async () => {
    const methods = fc.constantFrom(
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'PROPFIND',
      'TRACE',
    )
    const snippets = [
      '/',
      '//',
      '/./',
      '/../',
      '%2e%2e/',
      '%2f',
      '%5c',
      ';x=1',
      ':',
      '()',
      '(',
      '%28',
      '$count',
      '%24count',
      '?',
      '%00',
      '%ff',
      '*',
      '/api',
      '/v1.0',
      'http://x.example',
    ]
    const paths = ofRoutes(
      () => true,
      (route) => pathsOf(world, route),
    )
    const odd = inTarget(mutated(anyCase(paths), snippets)).map((path) => decodeSlashes(path))
    const calls = fc
      .tuple(
        methods,
        fc.oneof(
          anyCase(paths),
          odd,
          inTarget(oddTexts).map((text) => `/${text}`),
        ),
        fc.boolean(),
      )
      .map(([method, target, isSignedIn]) => ({
        method,
        target: target.slice(0, LONGEST_TARGET) || '/',
        signedIn: isSignedIn,
      }))
    await run('paths', calls)
  })

  it('forms', FUZZ_TIMEOUT, async () => {
    const calls = ofRoutes(
      ({ isForm }) => isForm,
      (route) =>
        fc
          .tuple(pathsOf(world, route), formTexts, headerLines)
          .map(([target, body, headers]) => ({ method: route.method, target, body, headers })),
    )
    await run('forms', calls)
  })

  it('every route', FUZZ_TIMEOUT, async () => {
    await run(`${ROUTES.length} routes`, ...ROUTES.map((route) => callsOf(world, route)))
  })
})

/** A path whose slashes and separators are slashes and separators again. */
function decodeSlashes(path: string): string {
  return path.replaceAll(/%2f/gi, '/').replaceAll(/%3f/gi, '?').replaceAll(/%25/g, '%')
}
