import type { Context, Next } from 'koa'
import type { Provider } from 'oidc-provider'
import { showExpired } from './provider-pages.ts'

/**
 * Stops what can only follow from the device page, its form and the way back to it, where it comes without the session
 * of that page: no browser sends it so, and the provider fails when it wants to show the page again.
 */
export function deviceSteps(provider: Provider) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const follows = ctx.path === '/device' ? ctx.method === 'POST' : ctx.path.startsWith('/device/')
    if (!follows) return next()
    const { exp } = await provider.Session.get(ctx)
    return exp === undefined ? showExpired(ctx) : next()
  }
}
