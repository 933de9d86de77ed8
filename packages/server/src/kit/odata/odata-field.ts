import { type RawBuilder, sql } from 'kysely'

/**
 * What a property that callers may filter and order by is in the database.
 *
 * - `text`: compared exactly, unless `lower` gives the same text in lower case, which is then compared without case.
 * - `id`: kept in lower case, given in any.
 * - `word`: one of few words, given in any case.
 * - `texts`: a JSON array of strings; only `any(…)` looks inside.
 */
export type ODataField = {
  readonly column: RawBuilder<unknown>
  /** The name of the column, where it is one of the table's own and not computed. */
  readonly columnName?: string | undefined
  /** True when the column may hold null. */
  readonly nullable?: boolean | undefined
} & (
  | { readonly kind: 'text'; readonly lower?: RawBuilder<unknown> | undefined }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'id' | 'instant' | 'number' | 'boolean' | 'texts' }
)

type Options = { nullable?: boolean }

/** Declares fields: a column is given by its name, or as an expression where it is computed. */
export const field = {
  text: (column: Column, options: Options & { lower?: Column } = {}): ODataField => ({
    kind: 'text',
    ...columnOf(column),
    nullable: options.nullable,
    lower: options.lower === undefined ? undefined : columnOf(options.lower).column,
  }),
  word: (column: Column, words: readonly string[]): ODataField => ({
    kind: 'word',
    words,
    ...columnOf(column),
  }),
  id: (column: Column, options: Options = {}): ODataField => ({
    kind: 'id',
    ...columnOf(column),
    ...options,
  }),
  instant: (column: Column, options: Options = {}): ODataField => ({
    kind: 'instant',
    ...columnOf(column),
    ...options,
  }),
  number: (column: Column, options: Options = {}): ODataField => ({
    kind: 'number',
    ...columnOf(column),
    ...options,
  }),
  boolean: (column: Column): ODataField => ({ kind: 'boolean', ...columnOf(column) }),
  texts: (column: Column): ODataField => ({ kind: 'texts', ...columnOf(column) }),
  /** A property that is the same text for every row. */
  constant: (text: string): ODataField => ({
    kind: 'word',
    words: [text],
    column: sql`cast(${sql.lit(text)} as text)`,
  }),
  /** A property that is null for every row. */
  nothing: { kind: 'text', column: sql`cast(null as text)`, nullable: true } satisfies ODataField,
}

type Column = string | RawBuilder<unknown>

function columnOf(column: Column): { column: RawBuilder<unknown>; columnName?: string } {
  return typeof column === 'string' ? { column: sql.ref(column), columnName: column } : { column }
}

/** Properties by name in lower case: callers write them in any. */
export type ODataFields = ReadonlyMap<string, ODataField>

export function odataFields(fields: Readonly<Record<string, ODataField>>): ODataFields {
  return new Map(Object.entries(fields).map(([name, declared]) => [name.toLowerCase(), declared]))
}
