import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { TenantId } from '@fleetsweep/protocol'
import type Koa from 'koa'
import inject from 'light-my-request'
import type { Provider } from 'oidc-provider'
import { BoundedMap } from '../../kit/bounded-map.ts'
import { type ForwardedCall, rememberCall } from './forwarded-call.ts'

/** Tenants times origins that are in use at once; another one pushes out the one idle longest. */
const MAX_PROVIDERS = 200

export type ProviderAnswer = { status: number; headers: Record<string, string | string[]>; body: string }

/** The providers of all tenants, made when they are first needed. */
export class Providers {
  readonly #create: (tenant: TenantId, origin: string) => Provider
  readonly #known = new BoundedMap<string, { handle: ReturnType<Koa['callback']> }>(MAX_PROVIDERS)

  constructor(create: (tenant: TenantId, origin: string) => Provider) {
    this.#create = create
  }

  /**
   * Lets the provider answer a call, within this process.
   *
   * @param path below the tenant
   */
  async ask(
    at: { tenant: TenantId; origin: string },
    request: {
      method: 'GET' | 'POST'
      path: string
      cookie?: string | undefined
      accept: 'text/html' | 'application/json'
    },
    call: ForwardedCall,
  ): Promise<ProviderAnswer> {
    const { tenant, origin } = at
    const { handle } = this.#of(tenant, origin)
    const { host, protocol } = new URL(origin)
    const fields = call.fields.toString()
    const isPost = request.method === 'POST'
    const headers: IncomingHttpHeaders = {
      host,
      'x-forwarded-proto': protocol.slice(0, -1),
      'x-forwarded-for': call.address,
      accept: request.accept,
      ...(request.cookie === undefined ? {} : { cookie: request.cookie }),
      ...(isPost ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
    }
    const answer = await inject(
      (message: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => {
        rememberCall(message, call)
        // The provider makes its own addresses of where it finds itself mounted.
        message.originalUrl = `/${tenant}${message.url}`
        void handle(message, response)
      },
      {
        method: request.method,
        url: isPost || fields === '' ? request.path : `${request.path}?${fields}`,
        headers,
        ...(isPost ? { payload: fields } : {}),
      },
    )
    return { status: answer.statusCode, headers: ownHeaders(answer.headers), body: answer.payload }
  }

  #of(tenant: TenantId, origin: string) {
    const key = `${tenant} ${origin}`
    let known = this.#known.get(key)
    if (!known) {
      known = { handle: this.#create(tenant, origin).callback() }
      this.#known.set(key, known)
    }
    return known
  }
}

/** What of an answer goes on to the caller; everything else is said by our own server. */
const PASSED = ['location', 'set-cookie', 'content-security-policy', 'retry-after']

function ownHeaders(headers: Record<string, unknown>): ProviderAnswer['headers'] {
  const passed: ProviderAnswer['headers'] = {}
  for (const name of PASSED) {
    const value = headers[name]
    if (Array.isArray(value)) passed[name] = value.map(String)
    else if (value !== undefined) passed[name] = String(value)
  }
  return passed
}
