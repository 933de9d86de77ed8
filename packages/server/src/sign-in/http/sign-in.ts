import { Type } from 'typebox'
import { operation } from '../../principal/index.ts'
import { pageErrors, type SignInService } from '../index.ts'
import { browserStep, PAGE_ANSWERS, pageAnswer } from './browser-step.ts'

/** The page on which a person signs in, and its form. */
export const signInOperations = {
  showSignIn: signInStep('GET', 'Show the sign-in page'),
  submitSignIn: signInStep('POST', 'Take what was entered on the sign-in page'),
}

function signInStep(method: 'GET' | 'POST', summary: string) {
  return operation({
    route: `${method} /:tenant/sign-in/:interaction`,
    summary,
    access: { anonymous: 'a person proves here who they are; the cookie of this one sign-in leads to it' },
    consumes: 'form',
    body: Type.Record(Type.String(), Type.String()),
    answers: PAGE_ANSWERS,
    errors: pageErrors,
    handle: async (call, { signIn }: { signIn: SignInService }) => {
      const path = `/sign-in/${encodeURIComponent(call.params.interaction)}`
      return pageAnswer(await signIn.step(browserStep(method, path, call)))
    },
  })
}
