import { ODataError } from './odata-error.ts'
import type { ODataFilter } from './odata-filter.ts'
import { quote, tokenize } from './odata-token.ts'
import { parseFilter } from './parse-filter.ts'

/** Largest `$top`, and the page size where a caller names none. */
export const MAX_TOP = 10_000
const MAX_ORDER_KEYS = 10

export type OrderBy = {
  field: string
  direction: 'asc' | 'desc'
  /** Characters of the option before the property; absent where nobody wrote it. */
  position?: number
}

/** What a caller asks of a list. Property names are spelled as the caller did. */
export type ListQuery = {
  filter?: ODataFilter
  /** Empty when the caller names no order. */
  orderBy: readonly OrderBy[]
  /** 0 to `MAX_TOP`. */
  top?: number
  skip: number
  /** True when the answer is to hold `@odata.count`. */
  count: boolean
  /** Where a page goes on, as the server itself wrote it into a next link; not checked here. */
  skipToken?: string
  /** Options that begin with `$` and that this reader leaves to its caller, by name in lower case. */
  other: ReadonlyMap<string, string>
}

/**
 * Reads the query options of a list, by name in any case. An option with an empty value is as good as absent, whether
 * we know it or not; parameters without a `$` belong to whoever reads the route.
 *
 * @param params decoded pairs, such as `new URLSearchParams(query)`, which also turns `+` into a blank and `%24` into `$`
 * @throws ODataError for an option that cannot be read or stands twice
 */
export function parseListQuery(params: Iterable<readonly [string, string]>): ListQuery {
  const options = collect(params)
  const take = <T>(name: string, read: (name: string, text: string) => T): T | undefined => {
    const text = options.get(name)
    options.delete(name)
    return text === undefined ? undefined : read(name, text)
  }
  const filter = take('$filter', (_, text) => parseFilter(text))
  const orderBy = take('$orderby', parseOrderBy) ?? []
  const top = take('$top', (name, text) => parseWhole(name, text, MAX_TOP))
  const skip = take('$skip', (name, text) => parseWhole(name, text, Number.MAX_SAFE_INTEGER)) ?? 0
  const count = take('$count', parseTruth) ?? false
  const skipToken = take('$skiptoken', (_, text) => text)
  return {
    ...(filter && { filter }),
    orderBy,
    ...(top !== undefined && { top }),
    skip,
    count,
    ...(skipToken !== undefined && { skipToken }),
    other: options,
  }
}

/** Reads an `$orderby`: properties with `asc` (when nothing is said) or `desc`, most significant first. */
export function parseOrderBy(name: string, text: string): OrderBy[] {
  const tokens = tokenize(name, text)
  const keys: OrderBy[] = []
  let index = 0
  const fail = (expected: string): never => {
    const token = tokens[index]
    throw new ODataError(name, token?.position ?? text.length, expected, quote(token?.text ?? ''))
  }
  for (;;) {
    let field = ''
    const position = tokens[index]?.position ?? text.length
    for (;;) {
      const token = tokens[index]
      if (token?.kind !== 'name') return fail('a property')
      field += token.text
      index++
      if (tokens[index]?.kind !== '/') break
      field += '/'
      index++
    }
    const word = tokens[index]
    const direction = word?.kind === 'name' ? word.text.toLowerCase() : undefined
    if (direction !== undefined) {
      if (direction !== 'asc' && direction !== 'desc') return fail('asc, desc or a comma')
      index++
    }
    keys.push({ field, direction: direction ?? 'asc', position })
    if (tokens[index]?.kind === 'end') return keys
    if (tokens[index]?.kind !== ',') return fail('a comma or the end')
    index++
    if (keys.length === MAX_ORDER_KEYS) return fail(`at most ${MAX_ORDER_KEYS} properties`)
  }
}

function collect(params: Iterable<readonly [string, string]>): Map<string, string> {
  const options = new Map<string, string>()
  for (const [key, value] of params) {
    if (!key.startsWith('$') || value.trim() === '') continue
    const name = key.toLowerCase()
    if (options.has(name)) throw new ODataError(name, undefined, 'the option once', 'it twice')
    options.set(name, value)
  }
  return options
}

function parseWhole(name: string, text: string, maximum: number): number {
  const digits = text.trim()
  const value = /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN
  if (!(value <= maximum)) {
    throw new ODataError(name, undefined, `a whole number from 0 to ${maximum}`, quote(text))
  }
  return value
}

function parseTruth(name: string, text: string): boolean {
  const word = text.trim().toLowerCase()
  if (word !== 'true' && word !== 'false') throw new ODataError(name, undefined, 'true or false', quote(text))
  return word === 'true'
}
