import { type ODataFilter, parseListQuery } from '@fleetsweep/protocol'
import { Refused } from './fake-answer.ts'

/** One page of a list in the Defender API: what a filter leaves of `all`, and where the next page is. */
export function odataPage(
  all: readonly object[],
  url: URL,
  { baseUrl, pageSize }: { baseUrl: string; pageSize: number },
) {
  const query = parseListQuery(url.searchParams)
  const { filter, skip, top = Number.POSITIVE_INFINITY } = query
  const matching = all.filter((item) => !filter || matches(filter, item)).slice(skip, skip + top)
  const value = matching.slice(0, pageSize)
  const next = new URLSearchParams(url.searchParams)
  next.set('$skip', String(skip + value.length))
  if (query.top !== undefined) next.set('$top', String(query.top - value.length))
  const more = matching.length > value.length
  return { value, ...(more && { '@odata.nextLink': `${baseUrl}${url.pathname}?${next}` }) }
}

/** One page of a list in the Fleet API. */
export function cursorPage(all: readonly unknown[], url: URL, pageSize: number) {
  const from = Number(url.searchParams.get('cursor') ?? 0)
  const items = all.slice(from, from + pageSize)
  const end = from + items.length
  return { items, nextCursor: end < all.length ? String(end) : null }
}

/** Enough of a filter's meaning for lists of a few items in memory. */
function matches(filter: ODataFilter, item: object): boolean {
  const field = 'field' in filter ? filter.field.toLowerCase() : ''
  const value = Object.entries(item).find(([name]) => name.toLowerCase() === field)?.[1]
  switch (filter.kind) {
    case 'and':
      return filter.operands.every((operand) => matches(operand, item))
    case 'or':
      return filter.operands.some((operand) => matches(operand, item))
    case 'not':
      return !matches(filter.operand, item)
    case 'compare': {
      const same = 'value' in filter.value && filter.value.value === value
      if (filter.operator === 'eq') return same
      if (filter.operator === 'ne') return !same
      throw new Refused('ODataError', `The fake server does not know ${filter.operator}`)
    }
    case 'in':
      return filter.values.some((literal) => 'value' in literal && literal.value === value)
    case 'match': {
      const text = String(value).toLowerCase()
      const part = filter.value.toLowerCase()
      if (filter.function === 'startswith') return text.startsWith(part)
      return filter.function === 'endswith' ? text.endsWith(part) : text.includes(part)
    }
    case 'any': {
      const { variable, predicate } = filter
      return (
        Array.isArray(value) && value.some((each) => !predicate || matches(predicate, { [variable]: each }))
      )
    }
  }
}
