import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

/**
 * Checks values by a schema, with code that is made when it is first asked. An agent that has nothing to do never asks
 * most of its schemas, and their code would take megabytes.
 */
export class LazySchema<Schema extends TSchema> {
  readonly #schema: Schema
  #validator: Validator<Record<never, never>, Schema> | undefined

  constructor(schema: Schema) {
    this.#schema = schema
  }

  Check(value: unknown): value is Static<Schema> {
    return this.#made().Check(value)
  }

  /** @throws ParseError */
  Parse(value: unknown): Static<Schema> {
    return this.#made().Parse(value)
  }

  /** Why a value is none by the schema; empty when it is one. */
  Errors(value: unknown): ReturnType<Validator['Errors']> {
    return this.#made().Errors(value)
  }

  #made(): Validator<Record<never, never>, Schema> {
    this.#validator ??= Compile(this.#schema)
    return this.#validator
  }
}
