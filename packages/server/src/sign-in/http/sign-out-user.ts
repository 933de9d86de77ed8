import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { SignInAdministration } from '../index.ts'

/** Ends all sign-ins of somebody, in every program and browser; they may sign in again. */
export const signOutUser = operation({
  route: 'POST /fleet/v1/users/:userId/signOut',
  summary: 'Sign a user out everywhere',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 204: Type.Null() },
  handle: async (
    { params, principal },
    { signInAdministration }: { signInAdministration: SignInAdministration },
  ) => {
    await signInAdministration.signOut(principal.tenant, auditPrincipal(principal), params.userId)
    return new Answer(204, null)
  },
})
