import { PasswordLink } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { SignInAdministration } from '../index.ts'

/** Makes a one-time link on which somebody chooses a password; the only answer that shows it. */
export const createPasswordLink = operation({
  route: 'POST /fleet/v1/users/:userId/passwordLink',
  summary: 'Make a link on which a user chooses a password',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 201: PasswordLink },
  handle: (
    { params, principal, origin },
    { signInAdministration }: { signInAdministration: SignInAdministration },
  ) =>
    signInAdministration.createPasswordLink(
      { tenant: principal.tenant, origin },
      auditPrincipal(principal),
      params.userId,
    ),
})
