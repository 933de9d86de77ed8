import { isGuid } from '@fleetsweep/protocol'
import type { ApplicationSignIn } from '../../session/application-session.ts'

/** What is wrong with a form, by field; empty when nothing is. */
export function checkSignIn({
  tenant,
  clientId,
  clientSecret,
}: ApplicationSignIn): Partial<Record<keyof ApplicationSignIn, string>> {
  return {
    ...(tenant.trim() === '' && { tenant: 'The tenant’s id or domain is needed.' }),
    ...(!isGuid(clientId.trim()) && {
      clientId: 'An application id looks like 2e9da30d-27f6-4208-81f2-9cd3d67893ba.',
    }),
    ...(clientSecret === '' && { clientSecret: 'The application’s secret is needed.' }),
  }
}
