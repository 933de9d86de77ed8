/** A JSON Schema of the 2020-12 dialect. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** What stands in for something that is described once. */
export type Reference = { $ref: string }

export type Parameter = {
  name: string
  in: 'path' | 'query'
  required: boolean
  description: string
  schema: JsonSchema
}

export type Header = { description: string; required?: boolean; schema: JsonSchema }

export type Content = Readonly<Record<string, { schema: JsonSchema }>>

export type ResponseObject = {
  description: string
  headers?: Record<string, Header | Reference>
  content?: Content
  /** Which codes the refusal may name. */
  'x-error-codes'?: readonly string[]
}

export type OperationObject = {
  operationId: string
  summary: string
  description: string
  tags: string[]
  parameters?: Parameter[]
  requestBody?: { required: boolean; content: Content }
  responses: Record<string, ResponseObject | Reference>
  security: Record<string, string[]>[]
  /** Who may call it, word for word as the server checks it. */
  'x-access': unknown
  /** The budget that a call draws on. */
  'x-rate-limit': unknown
}

export type PathItem = Readonly<Record<string, OperationObject>>

/**
 * As much of an OpenAPI document as this server writes.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export type OpenApiDocument = {
  openapi: '3.1.1'
  info: { title: string; version: string; summary: string; description: string; license: object }
  servers: { url: string; description: string }[]
  tags: { name: string; description: string }[]
  paths: Record<string, PathItem>
  components: {
    schemas: Record<string, JsonSchema>
    responses: Record<string, ResponseObject>
    headers: Record<string, Header>
    securitySchemes: Record<string, object>
  }
}
