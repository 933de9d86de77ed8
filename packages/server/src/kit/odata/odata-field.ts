import { type RawBuilder, type SqlBool, sql } from 'kysely'

/**
 * What a property that callers may filter and order by is in the database.
 *
 * - `text`: compared exactly, unless `caseless` gives the same text in lower case, which is then compared without case.
 * - `id`: kept in lower case, given in any.
 * - `word`: one of few words, given in any case.
 * - `choice`: a word that follows from other columns; `column` is its place among the words in their order.
 * - `texts`: a JSON array of strings as `JSON.stringify` writes it; only `any(…)` looks inside.
 */
export type ODataField = {
  readonly column: RawBuilder<unknown>
  /** The name of the column, where it is one of the table's own and not computed. */
  readonly columnName?: string | undefined
  /** True when the column may hold null. */
  readonly nullable?: boolean | undefined
} & (
  | {
      readonly kind: 'text'
      readonly caseless?: Caseless | undefined
      /** True for text of any length: its order looks at the first `LONG_TEXT_ORDER` characters alone. */
      readonly long?: boolean | undefined
    }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'choice'; readonly choices: ReadonlyMap<string, RawBuilder<SqlBool>> }
  | { readonly kind: 'id' | 'instant' | 'number' | 'boolean' | 'texts' }
)

/** A column in lower case, and what puts a caller's text into the same. */
type Caseless = { column: RawBuilder<unknown>; columnName?: string | undefined; fold(text: string): string }

/** A property and its name as we write it. */
export type NamedField = ODataField & { readonly name: string }

/** Properties by name in lower case: callers write them in any. */
export type ODataFields = ReadonlyMap<string, NamedField>

/** How many characters of long text take part in an order, so that a page's last row fits into a link. */
export const LONG_TEXT_ORDER = 128

type Column = string | RawBuilder<unknown>
type Options = { nullable?: boolean }

/** Declares fields: a column is given by its name, or as an expression where it is computed. */
export const field = {
  text: (column: Column, options: Options & { lower?: Column; long?: boolean } = {}): ODataField => ({
    kind: 'text',
    ...columnOf(column),
    nullable: options.nullable,
    long: options.long,
    ...(options.lower !== undefined && {
      caseless: { ...columnOf(options.lower), fold: (text) => text.toLowerCase() },
    }),
  }),
  /** Names in ASCII, compared without case: both databases fold those alike, and nothing else. */
  asciiText: (column: string, options: Options = {}): ODataField => ({
    kind: 'text',
    ...columnOf(column),
    nullable: options.nullable,
    caseless: { column: sql`lower(${sql.ref(column)})`, fold: asciiLower },
  }),
  word: (column: Column, words: readonly string[]): ODataField => ({
    kind: 'word',
    words,
    ...columnOf(column),
  }),
  /** A word, in ASCII, that is not kept: for every row exactly one of these conditions is true. */
  choice: (conditions: Readonly<Record<string, RawBuilder<SqlBool>>>): ODataField => {
    const choices = Object.entries(conditions).sort(([a], [b]) => (a < b ? -1 : 1))
    const places = choices.map(([, condition], at) => sql`when ${condition} then ${sql.lit(at)}`)
    return {
      kind: 'choice',
      choices: new Map(choices),
      column: sql`case ${sql.join(places, sql` `)} end`,
    }
  },
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
  boolean: (column: Column, options: Options = {}): ODataField => ({
    kind: 'boolean',
    ...columnOf(column),
    ...options,
  }),
  texts: (column: Column): ODataField => ({ kind: 'texts', ...columnOf(column) }),
  /** A property that is the same word for every row. */
  constant: (word: string): ODataField => field.choice({ [word]: sql`1 = 1` }),
  /** A property that is null for every row. */
  nothing: { kind: 'text', column: sql`cast(null as text)`, nullable: true } satisfies ODataField,
}

export function odataFields(fields: Readonly<Record<string, ODataField>>): ODataFields {
  return new Map(
    Object.entries(fields).map(([name, declared]) => [name.toLowerCase(), { ...declared, name }]),
  )
}

/** As `lower()` of both databases folds text. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function columnOf(column: Column): { column: RawBuilder<unknown>; columnName?: string } {
  return typeof column === 'string' ? { column: sql.ref(column), columnName: column } : { column }
}
