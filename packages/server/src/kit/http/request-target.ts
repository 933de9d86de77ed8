const VERSION_PREFIX = /^\/api\/v1\.0(?=\/|$)/i
const ABSOLUTE = /^https?:\/\/[^/?#]*/i

/**
 * The request target as the router wants it: an absolute form loses its origin, `/api/v1.0` is `/api`, and slashes at
 * the end of the path go, also before a query.
 */
export function routedTarget(target: string): string {
  const { path, query } = splitTarget(target)
  // The router takes `$count` as it is written in the route alone.
  const short = path.replace(VERSION_PREFIX, '/api').replace(/\/+$/, '').replaceAll('%24', '$')
  return `${short === '' ? '/' : short}${query === '' ? '' : `?${query}`}`
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
  const source = path
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/')
  return new RegExp(`^${source}$`, 'i')
}
