import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { TenantId } from '@fleetsweep/protocol'
import type Koa from 'koa'
import inject from 'light-my-request'
import { BoundedMap } from '../../kit/bounded-map.ts'
import type { ProviderDependencies } from './assemble-provider.ts'
import { type ForwardedCall, rememberCall } from './forwarded-call.ts'

/** Tenants times origins that are in use at once; another one pushes out the one idle longest. */
const MAX_PROVIDERS = 200

export type ProviderAnswer = { status: number; headers: Record<string, string | string[]>; body: string }

/** The providers of all tenants, made when they are first needed. */
export class Providers {
  readonly #dependencies: ProviderDependencies
  readonly #known = new BoundedMap<string, Promise<ReturnType<Koa['callback']>>>(MAX_PROVIDERS)

  constructor(dependencies: ProviderDependencies) {
    this.#dependencies = dependencies
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
    const handle = await this.#of(at)
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

  #of(at: { tenant: TenantId; origin: string }) {
    const key = `${at.tenant} ${at.origin}`
    const known = this.#known.get(key) ?? this.#make(at)
    this.#known.set(key, known)
    return known
  }

  async #make(at: { tenant: TenantId; origin: string }) {
    // Loaded when somebody first signs in: commands, and the thread that writes, have no use for it.
    const { assembleProvider } = await import('./assemble-provider.ts')
    return assembleProvider(this.#dependencies, at).callback()
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
