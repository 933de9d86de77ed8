const VERSION_PREFIX = /^\/api\/v1\.0(?=\/|$)/i
const ABSOLUTE = /^https?:\/\/[^/?#]*/i

/** An OData function with its arguments at the end of a path, such as `/findbyip(ip='192.0.2.1',timestamp=…)`. */
const CALL = /\/([a-z]+)(?:\(|%28)([^/]*)(?:\)|%29)$/i

/**
 * The request target as the router wants it: an absolute form loses its origin, `/api/v1.0` is `/api`, and slashes at
 * the end of the path go, also before a query. The arguments of an OData function become a segment of their own, as in
 * `routerPath`.
 *
 * @param functions their names in lower case
 */
export function routedTarget(target: string, functions: ReadonlySet<string>): string {
  const { path, query } = splitTarget(target)
  // The router takes `$count` as it is written in the route alone.
  const short = path.replace(VERSION_PREFIX, '/api').replace(/\/+$/, '').replaceAll('%24', '$')
  const called = short.replace(CALL, (segment, name: string, given: string) =>
    functions.has(name.toLowerCase()) ? `/${name}()/${given}` : segment,
  )
  return `${called === '' ? '/' : called}${query === '' ? '' : `?${query}`}`
}

/** The OData function that the path of an operation calls, in lower case; `undefined` for any other path. */
export function functionOf(path: string): string | undefined {
  return /\/(\w+)\(:\w+\)$/.exec(path)?.[1]?.toLowerCase()
}

/**
 * The path of an operation as the router matches it: `/api/machines/findbyip(:arguments)` ends in `findbyip()/:arguments`,
 * because the router would take a parenthesis behind a name for a pattern.
 */
export function routerPath(path: string): string {
  return path.replace(/\(:(\w+)\)$/, '()/:$1')
}

/** Path and query of a request target, still encoded and without an origin; the query without its question mark. */
export function splitTarget(target: string): { path: string; query: string } {
  const relative = target.startsWith('/') ? target : target.replace(ABSOLUTE, '')
  const mark = relative.indexOf('?')
  return mark === -1
    ? { path: relative, query: '' }
    : { path: relative.slice(0, mark), query: relative.slice(mark + 1) }
}

/** A pattern for paths like `/api/machines/:machineId`, to tell a wrong verb from an unknown path. */
export function pathPattern(path: string): RegExp {
  const source = routerPath(path)
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/')
  return new RegExp(`^${source}$`, 'i')
}
