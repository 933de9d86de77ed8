import type { KoaContextWithOIDC } from 'oidc-provider'
import { PROVIDER_SCOPES } from '../scope-request.ts'
import { interactionPolicy } from './oidc-provider.ts'

const { base, Check, Prompt } = interactionPolicy
const DEVICE_ROUTES: readonly string[] = ['code_verification', 'device_resume']

/**
 * When the provider asks a person: to sign in, and never for consent. An administrator who registers a program has
 * consented for everybody; a program on a device is confirmed by itself, before the sign-in.
 */
export function promptPolicy() {
  const policy = base()
  policy.remove('consent')
  policy.add(
    new Prompt(
      { name: 'consent', requestable: false },
      new Check('implied', 'consent is implied', 'consent_required', async (ctx) => {
        await giveConsent(ctx)
        return Check.NO_NEED_TO_PROMPT
      }),
    ),
  )
  return policy
}

/** Each device is a sign-in of its own; programs in one browser keep theirs while it covers what they ask for. */
export async function existingGrant(ctx: KoaContextWithOIDC) {
  const { client, session, provider, route } = ctx.oidc
  if (!client || !session || DEVICE_ROUTES.includes(route)) return undefined
  const grantId = session.grantIdFor(client.clientId)
  return grantId === undefined ? undefined : provider.Grant.find(grantId)
}

async function giveConsent({ oidc }: KoaContextWithOIDC): Promise<void> {
  const { provider, client, session, account, grant: known } = oidc
  // Nobody is signed in yet: another prompt says so.
  if (!client || !session || !account || !known) return
  const isCovered =
    known.jti !== undefined &&
    Object.entries(oidc.resourceServers ?? {}).every(([resource, { scopes }]) => {
      const granted = known.getResourceScope(resource).split(' ')
      return [...scopes].every((scope) => granted.includes(scope))
    })
  if (isCovered) return
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
  grant.addOIDCScope(PROVIDER_SCOPES.join(' '))
  for (const [resource, { scopes }] of Object.entries(oidc.resourceServers ?? {})) {
    grant.addResourceScope(resource, [...scopes].join(' '))
  }
  const grantId = await grant.save()
  oidc.entity('Grant', grant)
  session.ensureClientContainer(client.clientId)
  session.grantIdFor(client.clientId, grantId)
}
