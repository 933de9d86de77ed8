import type { RawAnswer } from '../raw-call.ts'
import type { FuzzCall } from './fuzz-world.ts'

/** True for what lies below one of the two APIs. */
export function isApi(target: string): boolean {
  return /^\/(api|fleet)(\/|$)/i.test(target)
}

const FOR_PROGRAMS = /\/(oauth2(\/v2\.0)?\/(token|devicecode|revoke)|discovery|\.well-known)/i

/** @throws Error unless an answer is one that this server may give, whatever it was asked */
export function expectGoodAnswer(
  { method, target }: Pick<FuzzCall, 'method' | 'target'>,
  answer: RawAnswer,
): void {
  const { status, headers, text } = answer
  const type = headers['content-type'] ?? ''
  const complain = (what: string): never => {
    throw new Error(`${what}: ${status} ${type} ${text.slice(0, 500)}`)
  }
  if (status >= 500 && status !== 503) complain('The server failed')
  if (status === 503 && !/^\d+$/.test(headers['retry-after'] ?? '')) {
    complain('It does not say when to try again')
  }
  const path = target.split('?', 1)[0] ?? ''
  const isPage = /html/i.test(type)
  if (isPage && (isApi(path) || FOR_PROGRAMS.test(path))) complain('This is HTML')
  if (method === 'HEAD' || status === 204 || isPage) return
  if (status >= 400) {
    if (!shapesAt(path).some((isShape) => isShape(parsed(text))))
      complain('This is not the shape of a refusal')
  } else if (/^\/api\//i.test(path) && text.startsWith('{') && 'error' in parsed(text)) {
    complain('A success has an error')
  }
}

type Json = Readonly<Record<string, unknown>>

function parsed(text: string): Json {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''

/** `{"error":{"code","message","target"}}` and nothing else. */
function isDefenderError({ error, ...rest }: Json): boolean {
  if (Object.keys(rest).length > 0 || typeof error !== 'object' || error === null) return false
  const members = Object.entries(error)
  const names = members.map(([name]) => name).join()
  return names === 'code,message,target' && members.every(([, value]) => isText(value))
}

const isProblem = ({ title, code, detail, instance, status }: Json) =>
  [title, code, detail, instance].every(isText) && typeof status === 'number'

/** What never became a request has no path, so its refusal is always the Defender API's. */
const isNoRequest = (body: Json) =>
  isDefenderError(body) && /The request is not HTTP|The headers of the request/.test(JSON.stringify(body))

const isOAuthError = ({ error, error_description }: Json) => isText(error) && isText(error_description)

function shapesAt(path: string): readonly ((body: Json) => boolean)[] {
  if (/^\/fleet(\/|$)/i.test(path)) return [isProblem, isNoRequest]
  if (/^\/api(\/|$)/i.test(path)) return [isDefenderError]
  return [isDefenderError, isProblem, isOAuthError]
}
