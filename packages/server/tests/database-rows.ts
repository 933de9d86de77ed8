import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import type { ServerConfig } from '../src/config/index.ts'

type Rows = Record<string, unknown>[]

/** A way past the server to its rows, as somebody with access to the database has it. */
export class DatabaseRows implements AsyncDisposable {
  readonly #query: (sql: string) => Promise<Rows>
  readonly #columnsOf: (table: string) => string
  readonly #close: () => Promise<void>

  static async open(database: ServerConfig['database']): Promise<DatabaseRows> {
    if (database.kind === 'sqlite') {
      const sqlite = new DatabaseSync(database.path, { timeout: 30_000 })
      return new DatabaseRows(
        async (sql) => sqlite.prepare(sql).all(),
        (table) => `SELECT name FROM pragma_table_info('${table}')`,
        async () => sqlite.close(),
      )
    }
    const { connectionString } = database
    const client = new Client({ connectionString })
    await client.connect()
    return new DatabaseRows(
      async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
      (table) => `SELECT column_name AS name FROM information_schema.columns WHERE table_name = '${table}'`,
      () => client.end(),
    )
  }

  private constructor(
    query: (sql: string) => Promise<Rows>,
    columnsOf: (table: string) => string,
    close: () => Promise<void>,
  ) {
    this.#query = query
    this.#columnsOf = columnsOf
    this.#close = close
  }

  query(sql: string): Promise<Rows> {
    return this.#query(sql)
  }

  /**
   * Repeats a row.
   *
   * @param of the row, by one column
   * @param numbered the columns that each copy has a value of its own in: the prefix and twelve digits
   */
  async multiply(
    table: string,
    {
      of,
      numbered,
      prefix,
      copies,
    }: { of: [string, string]; numbered: string[]; prefix: string; copies: number },
  ): Promise<void> {
    const columns = (await this.#query(this.#columnsOf(table))).map(({ name }) => String(name))
    const values = columns.map((name) =>
      numbered.includes(name)
        ? `'${prefix}' || substr(CAST(1000000000000 + n.i AS TEXT), 2)`
        : `row_of.${name}`,
    )
    await this.#query(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${copies})
       INSERT INTO ${table} (${columns.join()}) SELECT ${values.join()} FROM ${table} row_of, n
       WHERE row_of.${of[0]} = '${of[1]}'`,
    )
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }
}
