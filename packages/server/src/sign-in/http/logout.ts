import { Type } from 'typebox'
import { operation } from '../../principal/index.ts'
import { pageErrors, type SignInService } from '../index.ts'
import { browserStep, PAGE_ANSWERS, pageAnswer } from './browser-step.ts'

/** Signs a browser out, and asks first where it is not clear that the person wants that. */
export const logoutOperations = {
  logout: logoutStep('GET', 'Sign a browser out'),
  confirmLogout: logoutStep('POST', 'Confirm that a browser is to be signed out'),
}

function logoutStep(method: 'GET' | 'POST', summary: string) {
  return operation({
    route: `${method} /:tenant/oauth2/v2.0/logout`,
    summary,
    access: { anonymous: 'the session that ends is the one of the cookie, and nothing is told of it' },
    consumes: 'form',
    body: Type.Record(Type.String(), Type.String()),
    answers: PAGE_ANSWERS,
    errors: pageErrors,
    handle: async (call, { signIn }: { signIn: SignInService }) =>
      pageAnswer(await signIn.step(browserStep(method, '/oauth2/v2.0/logout', call))),
  })
}
