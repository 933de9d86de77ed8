import { type ListQuery, parseListQuery } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { ApiError } from '../http/api-error.ts'

/**
 * Options that change only how much of each entity is shown; showing all of it serves every caller. Where an entity is
 * too much to be shown whole in a list, `isExpanded` tells what was asked for.
 */
const HARMLESS: readonly string[] = ['$select', '$expand', '$format']

/**
 * Reads the query of a list.
 *
 * @throws ODataError for an option that cannot be read
 * @throws ApiError `ODataError` for one that lists do not have
 */
export function readListQuery(search: URLSearchParams): ListQuery {
  const query = parseListQuery(search)
  for (const name of query.other.keys()) {
    if (!HARMLESS.includes(name))
      throw new ApiError('ODataError', `The query option '${name}' is not supported`)
  }
  return query
}

/** Query of a list whose entities are shown whole only when it is asked for. */
export const ExpandQuery = Type.Object({
  $expand: Type.Optional(
    Type.String({
      description: 'Properties to show whole, such as `evidence`; their lists are empty otherwise.',
    }),
  ),
})

/** True when `$expand` names a property, in any case and alone or among others. */
export function isExpanded({ other }: Pick<ListQuery, 'other'>, property: string): boolean {
  const names = (other.get('$expand') ?? '').split(',').map((name) => name.trim().toLowerCase())
  return names.includes(property.toLowerCase())
}
