import { operation } from '../../principal/index.ts'
import type { ApiDescriptionService } from '../index.ts'

/** @see https://spec.openapis.org/oas/v3.1.1.html */
export const getApiDescription = operation({
  route: 'GET /openapi.json',
  summary: 'Describe both APIs',
  description: 'This document: OpenAPI 3.1, generated from what the server serves.',
  access: { anonymous: 'it says what this program can do, as its sources do, and nothing of who uses it' },
  callClass: 'discovery',
  answers: { 200: 'application/json; charset=utf-8' },
  handle: ({ origin }, { apiDescription }: { apiDescription: ApiDescriptionService }) =>
    apiDescription.describe(origin),
})
