import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

export type Dialect = 'sqlite' | 'postgres'

/** A query that knows what its rows look like. Kysely's builders are such queries. */
export interface Query<Row> {
  compile(): CompiledQuery<Row>
}

export type Row = Record<string, unknown>

const builders: Record<Dialect, Kysely<unknown>> = {
  sqlite: new Kysely({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  postgres: new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
}

/** A builder for one dialect that only compiles; a database executes what it compiled. `Tables` is the noun's own. */
export function tables<Tables>(dialect: Dialect): Kysely<Tables> {
  // The builder carries no data: the type parameter alone says which tables this noun speaks of.
  return builders[dialect] as unknown as Kysely<Tables>
}
