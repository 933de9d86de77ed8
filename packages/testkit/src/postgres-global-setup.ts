import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres.ts'
import { tool } from './tools.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the one PostgreSQL that all suites of a run share. */
    postgres: string
  }
}

/** Vitest's global set-up: one PostgreSQL for the whole run. Suites get their own database by `createDatabase`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres(tool('postgres'))
  project.provide('postgres', server.connectionString)
  return async () => server[Symbol.asyncDispose]()
}
