import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ApiError } from './api-error.ts'

/**
 * Decodes a query, or a form: `+` and `%20` are blanks, `%24filter` is `$filter`, an escape that is none stays as it is.
 *
 * @throws ApiError `InvalidInput` for a NUL
 */
export function parseSearch(query: string): URLSearchParams {
  const search = new URLSearchParams(query)
  for (const [name, value] of search) {
    if (name.includes('\0') || value.includes('\0')) {
      throw new ApiError('InvalidInput', 'A parameter holds a NUL')
    }
  }
  return search
}

/** Makes a reader of query parameters of one shape; parameters that it does not name are ignored. */
export function queryReader(schema: TSchema): (search: URLSearchParams) => unknown {
  const validator = Compile(schema)
  return (search) => {
    const value = validator.Convert(Object.fromEntries([...search].filter(([, text]) => text !== '')))
    if (validator.Check(value)) return value
    const [error] = validator.Errors(value)
    const name = error?.instancePath.slice(1)
    throw new ApiError('InvalidInput', `${name || 'The query'} ${error?.message ?? 'is not valid'}`)
  }
}
