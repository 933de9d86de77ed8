import {
  functionOf,
  pathPattern,
  routedTarget,
  splitTarget,
} from '../../../server/src/kit/http/request-target.ts'

/** As much of an operation as tells what it may answer. */
export type Route = {
  method: string
  /** As the operation declares it, with `:names`. */
  path: string
  /** `page` and `refused` are not in the document: what is for browsers, and what is never offered. */
  kind: 'described' | 'page' | 'refused'
  /** Its path in the document. */
  template: string
  /** Of a page, the media type by status. */
  answers: Readonly<Record<number, string>>
}

/** Finds the route of a call as the server does. */
export class RouteTable {
  readonly #routes: readonly (Route & { pattern: RegExp })[]
  readonly #functions: ReadonlySet<string>

  constructor(routes: readonly Route[]) {
    this.#functions = new Set(routes.flatMap(({ path }) => functionOf(path) ?? []))
    this.#routes = routes
      .map((route) => ({ ...route, pattern: pathPattern(route.path) }))
      .sort((a, b) => (rankOf(a.path) < rankOf(b.path) ? -1 : 1))
  }

  find({ method, target }: { method: string; target: string }): {
    route: Route | undefined
    /** False where no method leads anywhere. */
    isPathKnown: boolean
    path: string
  } {
    const path = decoded(splitTarget(routedTarget(target, this.#functions)).path).replace(/\/{2,}/g, '/')
    const there = this.#routes.filter(({ pattern }) => pattern.test(path))
    const verb = method === 'HEAD' ? 'GET' : method
    return { route: there.find((route) => route.method === verb), isPathKnown: there.length > 0, path }
  }
}

/** Orders paths as the router tries them: what is written out comes before what may be anything. */
function rankOf(path: string): string {
  return path.replace(/[^/]+/g, (segment) => (segment.startsWith(':') ? '1' : '0'))
}

function decoded(path: string): string {
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}
