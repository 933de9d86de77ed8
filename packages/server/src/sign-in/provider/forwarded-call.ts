import type { IncomingMessage } from 'node:http'
import type { ClientProof } from '../../oauth/index.ts'

/** What we know of a call that the provider answers, beside what stands in it. */
export type ForwardedCall = {
  /** The fields of its form, or of its query. */
  readonly fields: URLSearchParams
  readonly address: string
  /** What a person need not type again, such as the code in a link. */
  readonly typed?: string
  /** How the program proved who it is. */
  readonly proof: ClientProof
  /** Why the provider refused it, in more words than it sends. */
  refusal?: ProviderRefusal
}

export type ProviderRefusal = {
  /** Of OAuth, such as `invalid_grant`. */
  error: string
  description: string
  detail: string
}

const calls = new WeakMap<IncomingMessage, ForwardedCall>()

export function rememberCall(request: IncomingMessage, call: ForwardedCall): void {
  calls.set(request, call)
}

/** @throws Error for a request that did not come from us */
export function callOf(request: IncomingMessage): ForwardedCall {
  const call = calls.get(request)
  if (!call) throw new Error('The provider was called from outside.')
  return call
}
