import { isGuid, type TenantId } from '@fleetsweep/protocol'
import { ApiError } from '../kit/http/index.ts'
import type { StoredTenant } from '../tenant/index.ts'
import type { PasswordLinks } from './password-links.ts'
import { passwordPages } from './password-pages.ts'
import type { ProviderAnswer, Providers } from './provider/providers.ts'
import { readScopes } from './scope-request.ts'

/** A step of a sign-in that a browser takes. */
export type BrowserStep = {
  tenantName: string
  method: 'GET' | 'POST'
  /** Below the tenant. */
  path: string
  /** Of the query, or of the form. */
  fields: URLSearchParams
  origin: string
  address: string
  headers: { cookie?: string | undefined; origin?: string | undefined }
}

/** Takes people through the steps of signing in and out. */
export type SignInService = {
  /** @throws ApiError `Forbidden` for a form that another site sent */
  step(step: BrowserStep): Promise<ProviderAnswer>

  /** Begins the sign-in of a program that asks for one. */
  authorize(step: BrowserStep): Promise<ProviderAnswer>

  /** Shows the page on which somebody chooses a password with a one-time link, and takes what they chose. */
  choosePassword(step: BrowserStep): Promise<ProviderAnswer>
}

/** Where one page leads to another that comes by another name. */
const KEEPS_METHOD = 307

export function signInService(parts: {
  getTenant: (name: string) => Promise<StoredTenant>
  origins: { readonly all: readonly string[] }
  providers: Providers
  links: PasswordLinks
}): SignInService {
  const step: SignInService['step'] = async (step) => {
    const { id } = await parts.getTenant(step.tenantName)
    if (step.tenantName !== id) return underItsId(id, step)
    if (step.method === 'POST') refuseOtherSites(step, parts.origins.all)
    const { method, path, origin, address } = step
    const { fields, typed } = method === 'GET' ? withoutUserCode(step.fields) : { fields: step.fields }
    return parts.providers.ask(
      { tenant: id, origin },
      { method, path, cookie: step.headers.cookie, accept: 'text/html' },
      { fields, address, proof: 'none', ...(typed === undefined ? {} : { typed }) },
    )
  }
  return {
    step,
    choosePassword: passwordPages(parts),
    // A redirect to the tenant's id comes back with what the program wrote.
    authorize: (request) =>
      isGuid(request.tenantName)
        ? step({ ...request, fields: asTheProviderReads(request.fields) })
        : step(request),
  }
}

/** A code in a link only fills the field: the provider would send it on by script, and ask nobody. */
function withoutUserCode(given: URLSearchParams): { fields: URLSearchParams; typed?: string } {
  const typed = given.get('user_code')
  if (typed === null) return { fields: given }
  const fields = new URLSearchParams(given)
  fields.delete('user_code')
  return { fields, typed }
}

/** Cookies belong to the tenant's id: a page under the tenant's domain would not find them. */
function underItsId(id: TenantId, { path, method, fields }: BrowserStep): ProviderAnswer {
  const query = method === 'GET' && fields.size > 0 ? `?${fields}` : ''
  return { status: KEEPS_METHOD, headers: { location: `/${id}${path}${query}` }, body: '' }
}

/** Browsers say where a form comes from; what says nothing is no browser, and has no cookies to misuse. */
function refuseOtherSites({ headers: { origin } }: BrowserStep, origins: readonly string[]): void {
  if (origin === undefined || origins.includes(origin)) return
  throw new ApiError('Forbidden', 'This form was sent from another site. Open the page anew')
}

/** Entra's programs ask in words of their own. */
function asTheProviderReads(fields: URLSearchParams): URLSearchParams {
  const read = new URLSearchParams(fields)
  const { scope, resources } = readScopes(fields.get('scope') ?? '')
  read.delete('resource')
  read.set('scope', scope)
  for (const resource of resources) read.append('resource', resource)
  // It comes back in an ID token, and this program gets none.
  if (!scope.split(' ').includes('openid')) read.delete('nonce')
  // Whoever is asked to choose an account chooses by signing in; consent is an administrator's.
  const prompt = fields.get('prompt')
  if (prompt === 'select_account') read.set('prompt', 'login')
  if (prompt === 'consent') read.delete('prompt')
  // Signed by our keys, which the provider does not know. It would only say who is to sign in.
  read.delete('id_token_hint')
  return read
}
