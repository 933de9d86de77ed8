import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { operations } from '../packages/server/src/operations.ts'
import { root } from './repository-files.ts'

const GUIDE = 'docs/api.md'
const pagesIn = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
const pages = pagesIn('docs/api')

/** Forms and pages between which browsers go: nobody calls them by hand. */
const OF_BROWSERS = [
  'GET /assets/sign-in.css',
  'GET /:tenant/device',
  'GET /:tenant/device/:interaction',
  'GET /:tenant/oauth2/v2.0/authorize/:interaction',
  'GET /:tenant/password',
  'GET /:tenant/sign-in/:interaction',
  'POST /:tenant/device',
  'POST /:tenant/oauth2/v2.0/logout',
  'POST /:tenant/password',
  'POST /:tenant/sign-in/:interaction',
]

/** Other spellings of a call, shown by its usual one. */
const SAME_AS_OTHERS = [
  'GET /:tenant/oauth2/token',
  'GET /:tenant/oauth2/v2.0/token',
  'GET /api/public/avdeviceshealth',
  'GET /api/public/avdeviceshealth/$count',
]

const offered = operations
  .filter(({ summary }) => !summary.startsWith('Not offered'))
  .map(({ route }) => route)

const read = (page: string) => readFileSync(join(root, page), 'utf8')
const listed = new Set(
  [...read(GUIDE).matchAll(/^\| `([A-Z]+ \/[^`]+)` \|/gm)].map(([, call = '']) =>
    // `findbyip(ip='{ip}',timestamp={moment})` is one argument to the router, and any name is as good as another.
    call.replace(/\(.*\)$/, '({})').replace(/\{[^}]*\}/g, '{}'),
  ),
)

type Example = { page: string; method: string; path: string }

const examples = [GUIDE, ...pages].flatMap((page) =>
  [...read(page).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .replaceAll('\\\n', ' ')
      .split('\n')
      .flatMap((line) => exampleIn(page, line)),
  ),
)

/** The call that a line of shell makes, where it makes one. */
function exampleIn(page: string, line: string): Example[] {
  const [, target] = /^curl .*?\$(?:BASE|FLEET)(\/[^\s"]*)/.exec(line) ?? []
  if (target === undefined) return []
  const named = /(?:^| )-X ([A-Z]+)/.exec(line)?.[1]
  const method = named ?? (/ -d /.test(line) && !/ -G /.test(line) ? 'POST' : 'GET')
  const path = target.replaceAll('\\$', '$').replace(/\?.*/, '').replaceAll('$TENANT', 'tenant')
  return [{ page, method, path }]
}

/** The more of a path a route spells out, the better it fits. */
const spelledOut = (route: string) => route.replace(/:\w+/g, '').length

const patternOf = (route: string) => {
  const source = route
    .replace(/^[A-Z]+ /, '')
    .replace(/[.*+?^${}|[\]\\]/g, '\\$&')
    .replace(/\(:\w+\)$/, '\\([^/]+\\)')
    .replace(/:\w+/g, '[^/]+')
  return new RegExp(`^${source}$`, 'i')
}

/** The route that answers an example; `undefined` where there is none. */
function routeOf({ method, path }: Example): string | undefined {
  return operations
    .map(({ route }) => route)
    .filter((route) => route.startsWith(`${method} `) && patternOf(route).test(path))
    .toSorted((a, b) => spelledOut(b) - spelledOut(a))[0]
}

describe('the guide to the APIs', () => {
  it('lists every call that is offered, and no other', () => {
    const routes = offered.map((route) => route.replace(/:\w+/g, '{}'))
    expect([...listed].sort()).toEqual(routes.sort())
  })

  it('shows a request for each of them', () => {
    const shown = new Set(examples.map(routeOf))
    const exempt = [...OF_BROWSERS, ...SAME_AS_OTHERS]
    expect(offered.filter((route) => !shown.has(route) && !exempt.includes(route))).toEqual([])
  })

  it('shows no request that nobody answers', () => {
    expect(examples.filter((example) => routeOf(example) === undefined)).toEqual([])
  })

  it('links to places that there are', () => {
    const broken = [...pagesIn('docs'), ...pages].flatMap((page) =>
      [...read(page).matchAll(/\]\(((?:\.\.\/|api\/)?[\w-]+\.md)(?:#([\w-]+))?\)/g)].flatMap(
        ([, link = '', anchor]) => {
          const file = join(page, '..', link)
          const text = readIfThere(file)
          const isThere = text !== undefined && (anchor === undefined || anchorsOf(text).has(anchor))
          return isThere ? [] : [`${page}: ${link}${anchor === undefined ? '' : `#${anchor}`}`]
        },
      ),
    )
    expect(broken).toEqual([])
  })
})

function readIfThere(path: string): string | undefined {
  try {
    return read(path)
  } catch {
    return undefined
  }
}

/** Headings as GitHub names them. */
function anchorsOf(text: string): Set<string> {
  const names = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
  return new Set(names)
}
