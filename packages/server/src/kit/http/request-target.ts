const VERSION_PREFIX = /^\/api\/v1\.0(?=\/|$)/i
const ABSOLUTE = /^https?:\/\/[^/?#]*/i

/**
 * The request target as the router wants it: an absolute form loses its origin, `/api/v1.0` is `/api`, and slashes at
 * the end of the path go, also before a query.
 */
export function routedTarget(target: string): string {
  const relative = target.startsWith('/') ? target : target.replace(ABSOLUTE, '')
  const { path, query } = splitTarget(relative)
  const short = path.replace(VERSION_PREFIX, '/api').replace(/\/+$/, '')
  return `${short === '' ? '/' : short}${query === '' ? '' : `?${query}`}`
}

/** Path and query of a request target, still encoded; the query without its question mark. */
export function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  return mark === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** A pattern for paths like `/api/machines/:machineId`, to tell a wrong verb from an unknown path. */
export function pathPattern(path: string): RegExp {
  const source = path
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/')
  return new RegExp(`^${source}$`, 'i')
}
