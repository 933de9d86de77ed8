import type { StoredTenant } from '../tenant/index.ts'
import { type Page, pagePolicy, writePage } from './page/page.ts'
import { choosePasswordPage, messagePage, problemPage } from './page/pages.ts'
import type { PasswordChoice, PasswordLinks } from './password-links.ts'
import { MIN_PASSWORD_LENGTH } from './password-rule.ts'
import type { ProviderAnswer } from './provider/providers.ts'
import type { BrowserStep } from './sign-in-service.ts'

/** The page on which somebody chooses a password with a one-time link. */
export function passwordPages(parts: {
  getTenant: (name: string) => Promise<StoredTenant>
  links: PasswordLinks
}): (step: BrowserStep) => Promise<ProviderAnswer> {
  const { getTenant, links } = parts
  return async ({ tenantName, method, fields, address }) => {
    const { id } = await getTenant(tenantName)
    const secret = fields.get('link') ?? ''
    if (method === 'GET') {
      const user = await links.find(id, secret)
      return user ? answer(200, choose(user.userPrincipalName, secret)) : gone()
    }
    const chosen = await links.use(id, {
      secret,
      password: fields.get('password') ?? '',
      again: fields.get('again') ?? '',
      address,
    })
    return outcome(chosen, secret)
  }
}

function outcome(chosen: PasswordChoice, secret: string): ProviderAnswer {
  switch (chosen.kind) {
    case 'gone':
      return gone()
    case 'set':
      return answer(
        200,
        messagePage(
          'Password set',
          'You can sign in with it now. Wherever you were signed in before, you are signed out.',
        ),
      )
    case 'refused':
      return answer(400, choose(chosen.user.userPrincipalName, secret, chosen.why))
    case 'busy': {
      const why = `Too many people are signing in right now. Try again in ${chosen.seconds} seconds.`
      const page = choose(chosen.user.userPrincipalName, secret, why)
      return answer(503, page, { 'retry-after': String(chosen.seconds) })
    }
  }
}

function choose(name: string, link: string, problem?: string): Page {
  return choosePasswordPage({ name, link, minimum: MIN_PASSWORD_LENGTH, problem })
}

function gone(): ProviderAnswer {
  return answer(
    404,
    problemPage(
      'This link does not work any more',
      'It was used, has expired, or a newer one was made. Ask an administrator for another.',
    ),
  )
}

function answer(status: number, page: Page, headers: Record<string, string> = {}): ProviderAnswer {
  return { status, body: writePage(page), headers: { 'content-security-policy': pagePolicy(), ...headers } }
}
