import type { CompiledQuery, Kysely } from 'kysely'
import { type Dialect, type Query, tables } from './query.ts'

/** A query with its values. */
type Prepared<Parameters, Row> = (dialect: Dialect, parameters: Parameters) => Query<Row>

/**
 * Builds a query once for each dialect and afterwards only fills in values, for what runs with every request: building
 * costs more than executing.
 *
 * `parameters` holds placeholders while it is built, so each may be used as a value only, never to decide or compute.
 * Every call must give the same members.
 *
 * @example
 * const nameOfMachine = prepare((db: Kysely<MachineTables>, { id }: { id: string }) =>
 *   db.selectFrom('machine').select('name').where('id', '=', id))
 * const rows = yield* run(nameOfMachine(context.dialect, { id }))
 */
export function prepare<Tables, Parameters extends object, Row>(
  build: (db: Kysely<Tables>, parameters: Parameters, dialect: Dialect) => Query<Row>,
): Prepared<Parameters, Row> {
  const templates: Partial<Record<Dialect, Template<Row>>> = {}
  return (dialect, parameters) => {
    templates[dialect] ??= compile(build, dialect, parameters)
    const { compiled, fill } = templates[dialect]
    return { compile: () => ({ ...compiled, parameters: fill(parameters) }) }
  }
}

type Template<Row> = {
  compiled: CompiledQuery<Row>
  fill: (parameters: object) => unknown[]
}

function compile<Tables, Parameters extends object, Row>(
  build: (db: Kysely<Tables>, parameters: Parameters, dialect: Dialect) => Query<Row>,
  dialect: Dialect,
  example: Parameters,
): Template<Row> {
  const names = new Map(Object.keys(example).map((name) => [Symbol(name) as unknown, name]))
  const placeholders = Object.fromEntries([...names].map(([symbol, name]) => [name, symbol]))
  // A builder carries values through untouched; the type says what they will be.
  const compiled = build(tables<Tables>(dialect), placeholders as unknown as Parameters, dialect).compile()
  const slots = compiled.parameters.map((value) => ({ value, name: names.get(value) }))
  return {
    compiled,
    fill: (parameters) => {
      const given = parameters as Record<string, unknown>
      return slots.map(({ value, name }) => (name === undefined ? value : given[name]))
    },
  }
}
