import { STATUS_CODES } from 'node:http'
import type { Access, Operation } from '../kit/http/index.ts'
import { CALL_LIMITS } from '../principal/index.ts'
import { describeParameters } from './describe-parameters.ts'
import { describeRefusals, headersOf, mediaTypeOf } from './describe-refusals.ts'
import type { Content, OperationObject, ResponseObject } from './openapi-document.ts'
import type { SchemaLibrary } from './schema-library.ts'
import { securityOf } from './security.ts'
import { tagOf } from './tags.ts'

/** An operation with its name in the description: unique, and the same from one version to the next. */
export type NamedOperation = Operation<never, never> & { readonly operationId: string }

export function describeOperation(
  operation: NamedOperation,
  library: SchemaLibrary,
  sharedResponses: Record<string, ResponseObject>,
): OperationObject {
  const { operationId, summary, path, access, callClass } = operation
  const parameters = describeParameters(operation, library)
  const body = describeBody(operation, library)
  return {
    operationId,
    summary,
    description: describe(operation),
    tags: [tagOf(path).name],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body ? { requestBody: body } : {}),
    responses: {
      ...describeAnswers(operation, library),
      ...describeRefusals(operation, library, sharedResponses),
    },
    security: securityOf(access),
    'x-access': access,
    'x-rate-limit': { budget: callClass, ...CALL_LIMITS[callClass] },
  }
}

function describe({ description, access, callClass }: NamedOperation): string {
  const { perMinute, perHour } = CALL_LIMITS[callClass]
  const calls = [
    ...(perMinute === null ? [] : [`${perMinute.toLocaleString('en-US')} a minute`]),
    ...(perHour === null ? [] : [`${perHour.toLocaleString('en-US')} an hour`]),
  ]
  const budget = `Rate limit: ${calls.join(' and ')}, counted with all that draws on \`${callClass}\`.`
  return [description, describeAccess(access), budget].filter((text) => text !== '').join('\n\n')
}

const REACHES = {
  machine: 'A machine out of reach of the caller is answered as one that does not exist.',
  machines: 'Holds only what belongs to machines within reach of the caller.',
  tenant: 'Sees all of the tenant.',
}

function describeAccess(access: Access): string {
  if ('anonymous' in access) return `Needs no token: ${access.anonymous}.`
  if ('signedIn' in access) return `Needs a token, and no permission: ${access.signedIn}.`
  const { permission, role, reach } = access
  return `Needs the permission ${alternatives(permission)}; of a person also a role with ${alternatives(role)}. ${REACHES[reach]}`
}

function alternatives(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' or ')
}

function describeBody({ body, consumes }: NamedOperation, library: SchemaLibrary) {
  if (consumes === 'bytes') {
    const content: Content = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
    return { required: true, content }
  }
  if (body === undefined) return undefined
  const type = consumes === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'
  const required = consumes === 'form' || 'required' in body
  return { required, content: { [type]: { schema: library.write(body) } } }
}

function describeAnswers(
  { path, answers, answerHeaders }: NamedOperation,
  library: SchemaLibrary,
): Record<string, ResponseObject> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, declared]) => {
      const isOData = path.startsWith('/api/') && typeof declared !== 'string'
      const headers = [...(isOData ? ['OData-Version'] : []), ...answerHeaders]
      const response: ResponseObject = {
        description: STATUS_CODES[status] ?? `Status ${status}`,
        ...(headers.length > 0 ? { headers: headersOf(headers) } : {}),
        ...(status === '204' ? {} : { content: contentOf(declared, library) }),
      }
      return [status, response]
    }),
  )
}

function contentOf(declared: object | string, library: SchemaLibrary): Content {
  if (typeof declared !== 'string') return { 'application/json': { schema: library.write(declared) } }
  const type = mediaTypeOf(declared)
  return { [type]: { schema: type.endsWith('json') ? { type: 'object' } : { type: 'string' } } }
}
