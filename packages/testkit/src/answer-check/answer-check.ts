import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { OpenApiDocument, ResponseObject } from '../../../server/src/api-description/index.ts'
import { close, closeSchemas } from './closed-schemas.ts'
import { type Route, RouteTable } from './route-table.ts'

/** A call and its answer, as they went over the wire. */
export type Exchange = {
  method: string
  /** The request target. */
  target: string
  status: number
  headers: Readonly<Record<string, unknown>>
  /** Undefined where nobody read it to the end. */
  body: string | undefined
}

/** What there is to check answers against: everything is data, so that any process can read it from a file. */
export type Described = {
  document: OpenApiDocument
  /** Every route, also those that the document leaves out. */
  routes: readonly Route[]
}

/** Headers that any answer may have: they say nothing of what was called. */
const ANY_ANSWER = new Set([
  'alt-svc',
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'strict-transport-security',
  'transfer-encoding',
  'x-accel-buffering',
  'x-content-type-options',
])
const STATIC = /^\/(console|api-docs)?(\/|$)/

const FLEET_REFUSAL = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
const DEFENDER_REFUSAL = { 'application/json': { schema: { $ref: '#/components/schemas/ApiErrorBody' } } }

/** Compares answers with the API's description. */
export class AnswerCheck {
  readonly #document: OpenApiDocument
  readonly #routes: RouteTable
  readonly #ajv: Ajv2020
  readonly #validators = new Map<object, ReturnType<Ajv2020['compile']>>()

  constructor({ document, routes }: Described) {
    this.#document = document
    this.#routes = new RouteTable(routes)
    this.#ajv = new Ajv2020({ strict: false, allErrors: true })
    addFormats.default(this.#ajv)
    this.#ajv.addSchema({ $id: 'components', ...closeSchemas(document.components.schemas) })
  }

  /** What is wrong with an answer, in a sentence; undefined where nothing is. */
  complaintOf(exchange: Exchange): string | undefined {
    const wrong = this.#wrong(exchange)
    if (wrong === undefined) return undefined
    const { method, target, status, body = '(nobody read it)' } = exchange
    return `${method} ${target} was answered ${status}: ${wrong}\n${body.slice(0, 2_000)}`
  }

  #wrong(exchange: Exchange): string | undefined {
    const { route, isPathKnown, path } = this.#routes.find(exchange)
    if (!route) return STATIC.test(path) ? undefined : this.#wrongOutside(exchange, path, isPathKnown)
    if (route.kind === 'page') return wrongOfPage(exchange, route)
    if (route.kind === 'refused') return this.#wrongOutside(exchange, path, true)
    // A name that leads here for one API alone has nothing at the paths of the other.
    if (exchange.status === 404 && codeOf(exchange) === 'NotFound') {
      return this.#wrongOutside(exchange, path, true)
    }
    const response = this.#responseOf(route, exchange.status)
    return response
      ? this.#wrongOf(exchange, response)
      : `the description of ${route.method} ${route.template} has no such status. Declare it as an answer, or its code in refusals.`
  }

  #responseOf({ template, method }: Route, status: number): ResponseObject | undefined {
    const response = this.#document.paths[template]?.[method.toLowerCase()]?.responses[status]
    if (!response || !('$ref' in response)) return response
    return this.#document.components.responses[response.$ref.replace('#/components/responses/', '')]
  }

  #wrongOf(exchange: Exchange, { content, headers = {}, ...response }: ResponseObject): string | undefined {
    const code = codeOf(exchange)
    const codes = response['x-error-codes']
    if (codes && code !== undefined && !codes.includes(code)) {
      return `its description has no ${code} there, but ${codes.join(', ')}. Declare it in refusals.`
    }
    return this.#wrongHeaders(exchange, headers) ?? this.#wrongContent(exchange, content)
  }

  #wrongHeaders({ headers }: Exchange, declared: NonNullable<ResponseObject['headers']>): string | undefined {
    for (const [name, reference] of Object.entries(declared)) {
      const header = '$ref' in reference ? this.#document.components.headers[name] : reference
      const text = headers[name.toLowerCase()]
      if (text === undefined && header?.required) return `the header ${name} is missing`
      if (text === undefined || !header) continue
      const value = header.schema.type === 'integer' ? Number(text) : text
      const wrong = this.#wrongValue(value, header.schema)
      if (wrong !== undefined) return `the header ${name} is ${JSON.stringify(text)}: ${wrong}`
    }
    const known = new Set(Object.keys(declared).map((name) => name.toLowerCase()))
    const undeclared = Object.keys(headers).find((name) => !ANY_ANSWER.has(name) && !known.has(name))
    return undeclared && `its description has no header ${undeclared}`
  }

  #wrongContent({ method, headers, body }: Exchange, content: ResponseObject['content']): string | undefined {
    if (content === undefined) return body ? 'its description has no body' : undefined
    const type = mediaTypeOf(headers)
    const declared = content[type]
    if (!declared) return `it is ${type}, and its description has ${Object.keys(content).join(', ')}`
    if (method === 'HEAD' || body === undefined || !type.endsWith('json')) return undefined
    return this.#wrongValue(parse(body), declared.schema)
  }

  /** What is no operation is refused as the API does whose paths it is among. */
  #wrongOutside(exchange: Exchange, path: string, isPathKnown: boolean): string | undefined {
    const { status, headers } = exchange
    if (status < 400) return 'no operation is described at this path'
    if (status === 405 && !(isPathKnown && headers.allow)) return 'it needs a path that is known, and Allow'
    return this.#wrongContent(exchange, /^\/fleet(\/|$)/i.test(path) ? FLEET_REFUSAL : DEFENDER_REFUSAL)
  }

  #wrongValue(value: unknown, schema: Readonly<Record<string, unknown>>): string | undefined {
    const validator = this.#validators.get(schema) ?? this.#compile(schema)
    if (validator(value)) return undefined
    return this.#ajv.errorsText(validator.errors?.slice(0, 4), { dataVar: 'body' })
  }

  #compile(schema: Readonly<Record<string, unknown>>): ReturnType<Ajv2020['compile']> {
    const spelled = JSON.stringify(close(schema)).replaceAll('"$ref":"#/', '"$ref":"components#/')
    const validator = this.#ajv.compile(JSON.parse(spelled))
    this.#validators.set(schema, validator)
    return validator
  }
}

function wrongOfPage({ status, headers, method, body }: Exchange, { answers }: Route): string | undefined {
  const type = mediaTypeOf(headers)
  if (status >= 400) return type === 'text/html' ? undefined : 'a refusal of a page must be a page'
  const declared = answers[status]
  if (declared === undefined) return 'the operation does not declare this status'
  return type === declared || method === 'HEAD' || body === '' ? undefined : `it is ${type}, not ${declared}`
}

/** The code of a refusal in the shape of either API. */
function codeOf({ status, body }: Exchange): string | undefined {
  if (status < 400 || !body) return undefined
  const { code, error } = parse(body) as { code?: string; error?: string | { code: string } }
  return typeof error === 'object' ? error.code : code
}

function mediaTypeOf(headers: Exchange['headers']): string {
  return String(headers['content-type'] ?? '').replace(/;.*/s, '')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return `not JSON: ${text}`
  }
}
