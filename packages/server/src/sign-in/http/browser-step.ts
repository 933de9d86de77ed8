import { Answer } from '../../kit/http/index.ts'
import type { ProviderAnswer } from '../provider/providers.ts'
import type { BrowserStep } from '../sign-in-service.ts'

const PAGE = 'text/html; charset=utf-8'

/** Whatever a step may lead to: a page, or the next step. */
export const PAGE_ANSWERS = {
  200: PAGE,
  302: PAGE,
  303: PAGE,
  307: PAGE,
  400: PAGE,
  401: PAGE,
  403: PAGE,
  404: PAGE,
  429: PAGE,
  500: PAGE,
  503: PAGE,
} as const

/** A call of a browser as the service takes it. */
export function browserStep(
  method: BrowserStep['method'],
  path: string,
  call: {
    params: { readonly tenant: string }
    search: URLSearchParams
    body: unknown
    origin: string
    address: string
    headers: BrowserStep['headers']
  },
): BrowserStep {
  const { params, search, body, origin, address, headers } = call
  return {
    tenantName: params.tenant,
    method,
    path,
    fields: method === 'POST' ? new URLSearchParams(body as Record<string, string>) : search,
    origin,
    address,
    headers: { cookie: headers.cookie, origin: headers.origin },
  }
}

export function pageAnswer({ status, headers, body }: ProviderAnswer): Answer {
  // What a redirect says is in its header alone.
  const text = status >= 300 && status < 400 ? '' : body
  // Our own forms must say where they come from.
  return new Answer(status, text, { ...headers, 'referrer-policy': 'same-origin' })
}
