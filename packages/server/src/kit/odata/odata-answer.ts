import type { ListQuery } from '@fleetsweep/protocol'
import { type TObject, type TProperties, type TSchema, Type } from 'typebox'
import type { NextPage } from './row-page.ts'

const Context = {
  '@odata.context': Type.String({ description: 'Which set this is of, as OData names it.' }),
}

/** Schema of one entity with its context. */
export function EntityOf<Properties extends TProperties>(schema: TObject<Properties>) {
  return Type.Intersect([Type.Object(Context), schema])
}

/** Schema of a list of entities. */
export function ListOf<Properties extends TProperties>(schema: TObject<Properties>) {
  return Type.Object({
    ...Context,
    '@odata.count': Type.Optional(
      Type.Integer({ description: 'How many the filter matches; there with `$count=true` alone.' }),
    ),
    value: Type.Array(schema),
    '@odata.nextLink': Type.Optional(
      Type.String({ description: 'Where the next page is; absent on the last one.' }),
    ),
  })
}

/** True for a schema of `ListOf`. */
export function isListSchema(schema: TSchema): boolean {
  return Type.IsObject(schema) && '@odata.nextLink' in schema.properties
}

/** One entity as OData writes it. */
export function entityAnswer<Entity>(origin: string, set: string, entity: Entity) {
  return { '@odata.context': `${origin}/api/$metadata#${set}/$entity`, ...entity }
}

/** A list as OData writes it. `path` and `search` are what the caller asked; a next link repeats them. */
export function listAnswer<Entity>(
  { origin, path, search }: { origin: string; path: string; search: URLSearchParams },
  set: string,
  list: { value: Entity[]; count: number | undefined; next: NextPage | null; query: ListQuery },
) {
  return {
    '@odata.context': `${origin}/api/$metadata#${set}`,
    ...(list.count === undefined ? {} : { '@odata.count': list.count }),
    value: list.value,
    ...(list.next === null
      ? {}
      : { '@odata.nextLink': `${origin}${path}?${nextQuery(search, list, list.next)}` }),
  }
}

function nextQuery(
  search: URLSearchParams,
  { query, value }: { query: ListQuery; value: readonly unknown[] },
  next: NextPage,
): string {
  const replaced = ['$skip', '$skiptoken', '$top']
  const kept = [...search].filter(([name, text]) => text !== '' && !replaced.includes(name.toLowerCase()))
  const top = query.top === undefined ? [] : [['$top', String(query.top - value.length)]]
  return [...kept, ...top, ['$skiptoken', next.skipToken]]
    .map(
      ([name = '', text = '']) =>
        `${encodeURIComponent(name).replace('%24', '$')}=${encodeURIComponent(text)}`,
    )
    .join('&')
}
