import type { Readable } from 'node:stream'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ApiError } from './api-error.ts'

/**
 * Reads a whole body.
 *
 * @throws ApiError `RequestTooLarge` as soon as it is longer than the limit
 */
export async function readBody(stream: Readable, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of stream) {
    sizeBytes += chunk.length
    if (sizeBytes > limitBytes) {
      throw new ApiError('RequestTooLarge', tooLarge(limitBytes))
    }
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

/** Tells a caller that a body is larger than it may be. */
export function tooLarge(limitBytes: number): string {
  return `The request body is larger than ${limitBytes} bytes`
}

/** True for the media types that carry JSON, and for none named at all. */
export function isJsonType(contentType: string | undefined): boolean {
  return contentType === undefined || /^\s*(application|text)\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws ApiError `InvalidRequestBody` for what is not JSON in UTF-8; `InvalidInput` for text that no database keeps */
export function parseJson(bytes: Buffer): unknown {
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text)
  } catch (cause) {
    const why = bytes.length === 0 ? 'it is empty' : 'it is not JSON in UTF-8'
    throw new ApiError('InvalidRequestBody', `Request body is incorrect: ${why}`, { cause })
  }
  // Only escapes can bring such characters: as bytes they are neither JSON nor UTF-8.
  if (text.includes('\\u')) refuseUnkeepable(value)
  return value
}

/** True for text that every part of the system can keep: no NUL, no half of a surrogate pair. */
export function isKeepable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

/** Goes by a list of what is still to be looked at: a body may be nested deeper than calls can be. */
function refuseUnkeepable(body: unknown): void {
  const left: { name: string; value: unknown }[] = [{ name: '', value: body }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { name, value } = next
    if (typeof value === 'string') refuseUnkeepableText(value, name)
    else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) {
        refuseUnkeepableText(key, '')
        left.push({ name: key, value: member })
      }
    }
  }
}

function refuseUnkeepableText(text: string, name: string): void {
  if (isKeepable(text)) return
  throw new ApiError(
    'InvalidInput',
    `${name === '' ? 'The request body' : name} holds a NUL or half a surrogate pair`,
  )
}

/**
 * Makes a reader of bodies of one shape.
 *
 * @param hints other words for members, and the right ones
 */
export function bodyReader(
  schema: TSchema,
  hints: Readonly<Record<string, string>>,
): (bytes: Buffer) => unknown {
  const validator = Compile(schema)
  const mayBeEmpty = validator.Check({})
  return (bytes) => {
    if (bytes.length === 0 && mayBeEmpty) return {}
    const value = parseJson(bytes)
    if (validator.Check(value)) return value
    throw refusal(validator.Errors(value), value, hints)
  }
}

type ValidationErrors = ReturnType<ReturnType<typeof Compile>['Errors']>

function refusal(
  errors: ValidationErrors,
  value: unknown,
  hints: Readonly<Record<string, string>>,
): ApiError {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new ApiError('InvalidRequestBody', 'Request body is incorrect: it must be a JSON object')
  }
  const missing = errors.flatMap((error) =>
    error.keyword === 'required' && error.instancePath === '' ? error.params.requiredProperties : [],
  )
  const nulls = Object.entries(value)
    .filter(([name, member]) => member === null && errors.some((error) => error.instancePath === `/${name}`))
    .map(([name]) => name)
  const [name] = [...missing, ...nulls]
  if (name !== undefined) {
    return new ApiError(
      'MissingRequiredParameter',
      `The parameter ${name} is missing${hintFor(name, value, hints)}`,
    )
  }
  const [error] = errors
  const place = error?.instancePath.slice(1).replaceAll('/', '.') ?? ''
  // What a closed object does not name has a schema that nothing fulfils.
  const why = error?.keyword === 'boolean' ? 'is not known here' : error?.message
  return new ApiError('InvalidInput', `${place || 'The request body'} ${why ?? 'is not valid'}`)
}

function hintFor(name: string, value: object, hints: Readonly<Record<string, string>>): string {
  const used = Object.keys(value).find(
    (key) => key !== name && (key.toLowerCase() === name.toLowerCase() || hints[key] === name),
  )
  return used === undefined ? '' : `: write "${name}", not "${used}" (names are case-sensitive)`
}
