import type { ODataFilter } from '@fleetsweep/protocol'
import { printFilter } from '@fleetsweep/protocol'
import { type Static, type TSchema, Type } from 'typebox'
import type { HttpConnection } from './http-connection.ts'

/** Largest `$top` of the API. */
const MAX_TOP = 10_000

/** What to read of a list of the Defender API. */
export type ListOptions = {
  /** As text, or as a tree that is written with every quote in its place. */
  filter?: string | ODataFilter
  /** Such as `lastUpdateDateTimeUtc desc`. */
  orderBy?: string
  /** Reading ends after this many; all when absent. */
  limit?: number
  /**
   * Asks for so many at a time, by `$top` and `$skip`, until one page is not full. Needed where a server leaves the next
   * link out, as Microsoft's does; otherwise pages are as large as the server makes them.
   */
  pageSize?: number
  signal?: AbortSignal
}

/** Reads a list of the Defender API to its end, one request for each page. */
export async function* readODataList<S extends TSchema>(
  connection: HttpConnection,
  path: string,
  item: S,
  {
    filter,
    orderBy,
    expand,
    limit = Number.POSITIVE_INFINITY,
    pageSize,
    signal,
  }: ListOptions & { expand?: string },
): AsyncGenerator<Static<S>, void, undefined> {
  const Page = Type.Object({ value: Type.Array(item), '@odata.nextLink': Type.Optional(Type.String()) })
  const options = new URLSearchParams()
  if (filter) options.set('$filter', typeof filter === 'string' ? filter : printFilter(filter))
  if (orderBy) options.set('$orderby', orderBy)
  if (expand) options.set('$expand', expand)
  const top = Math.min(pageSize ?? limit, MAX_TOP)
  if (Number.isFinite(pageSize ?? limit)) options.set('$top', String(top))
  const address = () => (options.size === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${options}`)
  let next: string | undefined = address()
  let read = 0
  let ofTop = 0
  while (next !== undefined && read < limit) {
    const page: Static<typeof Page> = await connection.call({ method: 'GET', path: next, signal }, Page)
    for (const value of page.value) {
      if (read++ >= limit) return
      yield value
    }
    ofTop += page.value.length
    // A server that cuts pages shorter than they were asked for leads to the rest of them by its links.
    next = page['@odata.nextLink']
    if (next === undefined && pageSize !== undefined && ofTop === top) {
      ofTop = 0
      options.set('$skip', String(read))
      next = address()
    }
  }
}

/** Reads a list of the Fleet API to its end, one request for each page. */
export async function* readCursorList<S extends TSchema>(
  connection: HttpConnection,
  path: string,
  item: S,
  query: Record<string, string | undefined>,
  signal?: AbortSignal,
): AsyncGenerator<Static<S>, void, undefined> {
  const Page = Type.Object({ items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) })
  const options = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) options.set(name, value)
  for (;;) {
    const address = options.size === 0 ? path : `${path}?${options}`
    const page: Static<typeof Page> = await connection.call({ method: 'GET', path: address, signal }, Page)
    yield* page.items
    if (page.nextCursor === null) return
    options.set('cursor', page.nextCursor)
  }
}
