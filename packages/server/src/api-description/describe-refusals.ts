import { STATUS_CODES } from 'node:http'
import { ERROR_STATUS, type ErrorCode } from '@fleetsweep/protocol'
import type { Operation } from '../kit/http/index.ts'
import { isList } from './describe-parameters.ts'
import type { Header, Reference, ResponseObject } from './openapi-document.ts'
import type { SchemaLibrary } from './schema-library.ts'

type Refusing = Pick<
  Operation<never, never>,
  'method' | 'path' | 'access' | 'body' | 'consumes' | 'answers' | 'errors' | 'refusals' | 'functionArguments'
>

const WITH_BODY: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE']

/** When each refusal is answered that the server makes by itself, without the operation. */
const WHEN: Readonly<Partial<Record<ErrorCode, string>>> = {
  BadRequest: 'the request cannot be read',
  InvalidInput: 'a value is not one that this takes',
  InvalidRequestBody: 'the body is not a JSON object',
  MissingRequiredParameter: 'something that must be there is missing',
  ODataError: 'a query option cannot be read; the message says where',
  Unauthorized: 'the token is missing, over, or not for this server',
  Forbidden: 'the permission is missing, or the role of the person who asks',
  ResourceNotFound: 'there is nothing of this name, or nothing that the caller reaches',
  RequestTooLarge: 'the body is larger than this takes',
  UnsupportedMediaType: 'the body is of another type',
  TooManyRequests: 'the budget is used up; `Retry-After` says for how long',
  InternalServerError: 'something failed here; the log tells more',
  ServiceUnavailable: 'the server is too busy; `Retry-After` says for how long',
}

/** Refusals that say the same for every operation of one API. */
const SHARED: readonly number[] = [401, 403, 404, 413, 415, 429, 500, 503]

export const HEADERS: Readonly<Record<string, Header>> = {
  'Retry-After': {
    description: 'Whole seconds after which a call will be let through.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
  'WWW-Authenticate': {
    description: 'How to authenticate: `Bearer`.',
    schema: { type: 'string' },
  },
  Link: {
    description:
      'Of `ActiveRequestAlreadyExists`: the machine action that stands in the way, as `<…>; rel="related"`.',
    schema: { type: 'string' },
  },
  Location: {
    description: 'Where to read what was made.',
    required: true,
    schema: { type: 'string', format: 'uri' },
  },
  'Content-Disposition': {
    description: 'A name for the file.',
    required: true,
    schema: { type: 'string' },
  },
  'OData-Version': {
    description: 'Always `4.0`.',
    required: true,
    schema: { type: 'string', const: '4.0' },
  },
}

/** Headers by status, beside those that every answer has. */
const HEADERS_OF: Readonly<Record<number, readonly string[]>> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After'],
  503: ['Retry-After'],
}

/**
 * The codes that an operation may refuse with, and when: its own, and those that the server answers for it before it is
 * asked, or when it fails.
 */
export function refusalsOf(operation: Refusing): Readonly<Partial<Record<ErrorCode, string>>> {
  const { method, path, access, body, consumes, refusals } = operation
  const isJson = body !== undefined && consumes === 'json'
  const codes: ErrorCode[] = [
    'BadRequest',
    'InvalidInput',
    ...(isJson ? (['InvalidRequestBody', 'MissingRequiredParameter'] as const) : []),
    ...(operation.functionArguments ? (['MissingRequiredParameter'] as const) : []),
    ...(isList(operation) || path.endsWith('/$count') ? (['ODataError'] as const) : []),
    // A token endpoint proves who calls by itself.
    ...('anonymous' in access && operation.consumes !== 'form' ? [] : (['Unauthorized'] as const)),
    ...('permission' in access ? (['Forbidden'] as const) : []),
    ...(path.includes(':') ? (['ResourceNotFound'] as const) : []),
    ...(WITH_BODY.includes(method) || body !== undefined ? (['RequestTooLarge'] as const) : []),
    ...(WITH_BODY.includes(method) && consumes !== 'bytes' ? (['UnsupportedMediaType'] as const) : []),
    'TooManyRequests',
    'InternalServerError',
    'ServiceUnavailable',
  ]
  return { ...Object.fromEntries(codes.map((code) => [code, WHEN[code]])), ...refusals }
}

/** Responses of refusals by status; what every operation says alike goes into `shared`. */
export function describeRefusals(
  operation: Refusing,
  library: SchemaLibrary,
  shared: Record<string, ResponseObject>,
): Record<string, ResponseObject | Reference> {
  const { errors, refusals } = operation
  const byStatus = Map.groupBy(
    Object.entries(refusalsOf(operation)) as [ErrorCode, string][],
    ([code]) => ERROR_STATUS[code],
  )
  const responses: Record<string, ResponseObject | Reference> = {}
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    const response = describeRefusal(status, codes, errors, library)
    const isOwn = codes.some(([code]) => code in refusals)
    if (isOwn || !SHARED.includes(status)) {
      responses[status] = response
    } else {
      const name = `${errors.name}${(STATUS_CODES[status] ?? '').replace(/\W/g, '')}`
      shared[name] = response
      responses[status] = { $ref: `#/components/responses/${name}` }
    }
  }
  return responses
}

function describeRefusal(
  status: number,
  codes: readonly [ErrorCode, string][],
  { contentType, schema }: Operation<never, never>['errors'],
  library: SchemaLibrary,
): ResponseObject {
  const names = codes.some(([code]) => code === 'ActiveRequestAlreadyExists')
    ? ['Link']
    : (HEADERS_OF[status] ?? [])
  return {
    description: codes.map(([code, when]) => `\`${code}\`: ${when}.`).join('\n\n'),
    ...(names.length === 0 ? {} : { headers: headersOf(names) }),
    content: {
      [mediaTypeOf(contentType)]: { schema: schema ? library.write(schema) : { type: 'string' } },
    },
    'x-error-codes': codes.map(([code]) => code),
  }
}

export function headersOf(names: readonly string[]): Record<string, Reference> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

/** A Content-Type without its parameters. */
export function mediaTypeOf(contentType: string): string {
  return contentType.replace(/;.*/s, '').trim().toLowerCase()
}
