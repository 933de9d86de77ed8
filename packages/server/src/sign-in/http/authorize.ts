import { operation } from '../../principal/index.ts'
import { pageErrors, type SignInService } from '../index.ts'
import { browserStep, PAGE_ANSWERS, pageAnswer } from './browser-step.ts'

type Services = { signIn: SignInService }

const ANONYMOUS = { anonymous: 'a person who is not signed in yet comes here to sign in' } as const

/** Where a program sends a person to sign in. */
export const authorize = operation({
  route: 'GET /:tenant/oauth2/v2.0/authorize',
  summary: 'Send a person to sign in',
  access: ANONYMOUS,
  answers: PAGE_ANSWERS,
  errors: pageErrors,
  handle: async (call, { signIn }: Services) =>
    pageAnswer(await signIn.authorize(browserStep('GET', '/oauth2/v2.0/authorize', call))),
})

/** Where the page leads on to on which they signed in. */
export const resumeAuthorize = operation({
  route: 'GET /:tenant/oauth2/v2.0/authorize/:interaction',
  summary: 'Go on after a sign-in',
  access: ANONYMOUS,
  answers: PAGE_ANSWERS,
  errors: pageErrors,
  handle: async (call, { signIn }: Services) => {
    const path = `/oauth2/v2.0/authorize/${encodeURIComponent(call.params.interaction)}`
    return pageAnswer(await signIn.step(browserStep('GET', path, call)))
  },
})
