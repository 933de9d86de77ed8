import { Type } from 'typebox'
import { operation } from '../../principal/index.ts'
import { pageErrors, type SignInService } from '../index.ts'
import { browserStep, PAGE_ANSWERS, pageAnswer } from './browser-step.ts'

/** The page on which somebody chooses a password with a one-time link, and its form. */
export const passwordOperations = {
  showPassword: passwordStep('GET', 'Show the page on which to choose a password'),
  submitPassword: passwordStep('POST', 'Take the chosen password'),
}

function passwordStep(method: 'GET' | 'POST', summary: string) {
  return operation({
    route: `${method} /:tenant/password`,
    summary,
    access: { anonymous: 'the secret in the link says who may choose a password here' },
    consumes: 'form',
    body: Type.Record(Type.String(), Type.String()),
    answers: PAGE_ANSWERS,
    errors: pageErrors,
    handle: async (call, { signIn }: { signIn: SignInService }) =>
      pageAnswer(await signIn.choosePassword(browserStep(method, '/password', call))),
  })
}
