import { createHmac, timingSafeEqual } from 'node:crypto'
import type { TenantId } from '@fleetsweep/protocol'
import type { Context, Next } from 'koa'
import type { Provider } from 'oidc-provider'
import { readIdTokenHint } from '../../oauth/index.ts'
import type { SigningKeys } from '../../signing-key/index.ts'
import type { ListedOrigins } from '../listed-origins.ts'
import { messagePage, problemPage, signOutPage } from '../page/pages.ts'
import type { SignInClients } from '../sign-in-client.ts'
import type { SignIns } from '../sign-ins.ts'
import { sessionHashOf } from './artifact-adapter.ts'
import { callOf } from './forwarded-call.ts'
import { show } from './provider-pages.ts'

const PATH = '/oauth2/v2.0/logout'
/** What goes from the question to the answer. */
const CARRIED = ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state'] as const

type Parts = {
  tenant: TenantId
  origins: ListedOrigins
  clients: SignInClients
  signIns: SignIns
  signingKeys: Pick<SigningKeys, 'tokenKeys'>
  /** Of the purpose of these forms alone. */
  key: Uint8Array
}

/**
 * Signs a browser out: its session ends, and what programs were given in it. A program that sends the ID token of who is
 * signed in is believed; anybody else's link makes the person decide.
 *
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html
 */
export function signOutSteps(provider: Provider, parts: Parts) {
  return async (ctx: Context, next: Next): Promise<void> => {
    if (ctx.path !== PATH) return next()
    const { fields } = callOf(ctx.req)
    const request = await readRequest(fields, parts)
    if (!request) {
      ctx.status = 400
      return show(
        ctx,
        problemPage(
          'You are still signed in',
          'The program asks to be answered at an address that is not registered for it. Go back to it and sign out there.',
        ),
      )
    }
    const session = await provider.Session.get(ctx)
    if (session.accountId !== undefined) {
      const token = createHmac('sha256', parts.key).update(session.uid).digest()
      const isMeant =
        request.user === session.accountId ||
        (ctx.method === 'POST' && isSame(fields.get('token') ?? '', token))
      if (!isMeant) return ask(ctx, fields, token, request.leadsTo)
      const which = { by: 'session', sessionHash: sessionHashOf(session.uid) } as const
      await parts.signIns.end(parts.tenant, which, 'signedOut')
      await session.destroy()
    }
    if (request.leadsTo === undefined) {
      return show(ctx, messagePage('Signed out', 'You are signed out of Fleetsweep in this browser.'))
    }
    ctx.status = 303
    ctx.redirect(request.leadsTo)
  }
}

/** @returns undefined when it leads where its program is not known to be */
async function readRequest(
  fields: URLSearchParams,
  { tenant, origins, clients, signingKeys }: Parts,
): Promise<{ user?: string; leadsTo?: string } | undefined> {
  const hint = fields.get('id_token_hint')
  const keys = (await signingKeys.tokenKeys(tenant)).public
  const known =
    hint === null ? undefined : await readIdTokenHint(hint, { tenant, keys, origins: origins.all })
  const user = known === undefined ? {} : { user: known.user }
  const wanted = fields.get('post_logout_redirect_uri')
  if (wanted === null) return user
  const clientId = known?.application ?? fields.get('client_id')
  const client = clientId === null ? undefined : await clients.find(tenant, clientId, origins.own)
  if (!client?.postLogoutRedirectUris.includes(wanted)) return undefined
  const url = new URL(wanted)
  const state = fields.get('state')
  if (state !== null) url.searchParams.set('state', state)
  return { ...user, leadsTo: url.href }
}

function ask(ctx: Context, fields: URLSearchParams, token: Buffer, leadsTo: string | undefined): void {
  const carried = CARRIED.flatMap((name) => {
    const value = fields.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  const page = signOutPage({ token: token.toString('base64url'), fields: carried })
  show(ctx, page, leadsTo === undefined ? [] : [leadsTo])
}

function isSame(given: string, token: Buffer): boolean {
  const bytes = Buffer.from(given, 'base64url')
  return bytes.length === token.length && timingSafeEqual(bytes, token)
}
