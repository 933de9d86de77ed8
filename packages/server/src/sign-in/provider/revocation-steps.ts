import type { TenantId } from '@fleetsweep/protocol'
import type { Context, Next } from 'koa'
import type { Provider } from 'oidc-provider'
import type { SignIns } from '../sign-ins.ts'
import { signInOf } from './artifact-adapter.ts'
import { callOf } from './forwarded-call.ts'

const PATH = '/oauth2/v2.0/revoke'

/** Ends the sign-in that a refresh token belongs to, for the program that it was given to. */
export function revocationSteps(provider: Provider, parts: { tenant: TenantId; signIns: SignIns }) {
  return async (ctx: Context, next: Next): Promise<void> => {
    if (ctx.path !== PATH) return next()
    const { fields } = callOf(ctx.req)
    const token = await provider.RefreshToken.find(fields.get('token') ?? '')
    if (token?.grantId !== undefined && token.clientId === fields.get('client_id')) {
      const which = { by: 'signIn', signIn: signInOf(token.grantId) } as const
      await parts.signIns.end(parts.tenant, which, 'signedOut')
    }
    // As for one that is unknown: the program wants it gone, and gone it is.
    ctx.status = 200
    ctx.body = {}
  }
}
