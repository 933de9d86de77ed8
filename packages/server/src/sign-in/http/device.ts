import { Type } from 'typebox'
import { operation } from '../../principal/index.ts'
import { pageErrors, type SignInService } from '../index.ts'
import { browserStep, PAGE_ANSWERS, pageAnswer } from './browser-step.ts'

type Services = { signIn: SignInService }

const ANONYMOUS = { anonymous: 'a person types here what a program shows; they sign in on the way' } as const

/** The page on which a person types the code of a program on another device, and its forms. */
export const deviceOperations = {
  showDevice: deviceStep('GET', 'Show the page for a device code'),
  submitDevice: deviceStep('POST', 'Take a device code'),
}

function deviceStep(method: 'GET' | 'POST', summary: string) {
  return operation({
    route: `${method} /:tenant/device`,
    summary,
    access: ANONYMOUS,
    consumes: 'form',
    body: Type.Record(Type.String(), Type.String()),
    answers: PAGE_ANSWERS,
    errors: pageErrors,
    handle: async (call, { signIn }: Services) =>
      pageAnswer(await signIn.step(browserStep(method, '/device', call))),
  })
}

/** Where the page leads on to on which they signed in. */
export const resumeDevice = operation({
  route: 'GET /:tenant/device/:interaction',
  summary: 'Go on after a sign-in for another device',
  access: ANONYMOUS,
  answers: PAGE_ANSWERS,
  errors: pageErrors,
  handle: async (call, { signIn }: Services) => {
    const path = `/device/${encodeURIComponent(call.params.interaction)}`
    return pageAnswer(await signIn.step(browserStep('GET', path, call)))
  },
})
