import { ApplicationSignIn } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { SignInAdministration } from '../index.ts'

type Services = { signInAdministration: SignInAdministration }

const ADMINISTER = { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' } as const

/** Lets people sign in with an application, and says how. */
export const setApplicationSignIn = operation({
  route: 'PUT /fleet/v1/applications/:applicationId/signIn',
  summary: 'Let people sign in with an application',
  access: ADMINISTER,
  body: ApplicationSignIn,
  answers: { 200: ApplicationSignIn },
  handle: ({ params, body, principal }, { signInAdministration }: Services) =>
    signInAdministration.setApplicationSignIn(
      principal.tenant,
      auditPrincipal(principal),
      params.applicationId,
      body,
    ),
})

/** How people sign in with an application. */
export const getApplicationSignIn = operation({
  route: 'GET /fleet/v1/applications/:applicationId/signIn',
  summary: 'Get how people sign in with an application',
  access: ADMINISTER,
  answers: { 200: ApplicationSignIn },
  handle: ({ params, principal }, { signInAdministration }: Services) =>
    signInAdministration.getApplicationSignIn(principal.tenant, params.applicationId),
})
