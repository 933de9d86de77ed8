import type { Clock, TenantId } from '@fleetsweep/protocol'
import type { Context, Next } from 'koa'
import type { Provider } from 'oidc-provider'
import { signInPage } from '../page/pages.ts'
import type { PasswordCheck, PasswordVerdict } from '../password-check.ts'
import type { SignIns } from '../sign-ins.ts'
import { sessionHashOf } from './artifact-adapter.ts'
import { callOf } from './forwarded-call.ts'
import { errors } from './oidc-provider.ts'
import { show, showExpired } from './provider-pages.ts'

const PATH = /^\/sign-in\/([\w-]{1,128})$/

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** The page on which a person signs in, between the steps that are the provider's own. */
export function signInSteps(
  provider: Provider,
  parts: { tenant: TenantId; passwords: PasswordCheck; signIns: SignIns; clock: Clock },
) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const uid = PATH.exec(ctx.path)?.[1]
    if (uid === undefined) return next()
    const interaction = await findInteraction(provider, ctx, uid)
    if (!interaction) return showExpired(ctx)
    const { fields, address } = callOf(ctx.req)
    const page = await pageOf(provider, interaction)
    if (ctx.method !== 'POST') return page.show(ctx, String(interaction.params.login_hint ?? ''))
    const name = fields.get('name') ?? ''
    const password = fields.get('password') ?? ''
    const verdict = await parts.passwords.check(parts.tenant, { name, password, address })
    if (verdict.kind !== 'right') return page.refuse(ctx, name, verdict)
    await leaveFormerSession(provider, interaction, verdict.user.id, parts)
    await provider.interactionFinished(ctx.req, ctx.res, {
      login: {
        accountId: verdict.user.id,
        ts: Math.floor(parts.clock.now() / 1_000_000),
        amr: ['pwd'],
        remember: false,
      },
    })
    ctx.respond = false
  }
}

/** Found by the cookie that goes with this one page: whoever has only its address finds nothing. */
async function findInteraction(
  provider: Provider,
  { req, res }: Context,
  uid: string,
): Promise<Interaction | undefined> {
  try {
    const interaction = await provider.interactionDetails(req, res)
    return interaction.uid === uid && interaction.prompt.name === 'login' ? interaction : undefined
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined
    throw error
  }
}

async function pageOf(provider: Provider, { params }: Interaction) {
  const client = await provider.Client.find(String(params.client_id))
  const program = client?.clientName ?? 'a program'
  const redirect = typeof params.redirect_uri === 'string' ? [params.redirect_uri] : []
  const render = (ctx: Context, name: string, problem?: string): void => {
    show(ctx, signInPage({ program, name, problem }), redirect)
  }
  return {
    show: (ctx: Context, name: string) => render(ctx, name),
    refuse(ctx: Context, name: string, verdict: Exclude<PasswordVerdict, { kind: 'right' }>): void {
      if (verdict.kind === 'wrong') {
        ctx.status = 401
        render(ctx, name, 'The user name or the password is not right.')
        return
      }
      ctx.status = verdict.kind === 'wait' ? 429 : 503
      ctx.set('retry-after', String(verdict.seconds))
      const why =
        verdict.kind === 'wait'
          ? 'Too many attempts have failed.'
          : 'Too many people are signing in right now.'
      render(ctx, name, `${why} Try again in ${inWords(verdict.seconds)}.`)
    },
  }
}

/** Somebody else may have been signed in in this browser: that is over, with all that came from it. */
async function leaveFormerSession(
  provider: Provider,
  interaction: Interaction,
  user: string,
  { tenant, signIns }: { tenant: TenantId; signIns: SignIns },
): Promise<void> {
  const { session } = interaction
  if (!session?.uid || session.accountId === user) return
  await signIns.end(tenant, { by: 'session', sessionHash: sessionHashOf(session.uid) }, 'anotherPerson')
  const kept = await provider.Interaction.find(interaction.uid)
  if (!kept) return
  delete kept.session
  await kept.persist()
}

function inWords(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? '1 second' : `${seconds} seconds`
  return `${Math.ceil(seconds / 60)} minutes`
}
