import { Type } from 'typebox'
import { operation } from '../../principal/index.ts'
import { pageErrors, type SignInService } from '../index.ts'
import { browserStep, PAGE_ANSWERS, pageAnswer } from './browser-step.ts'

/** The page on which a person signs in, and its form. */
export const signInOperations = (['GET', 'POST'] as const).map((method) =>
  operation({
    route: `${method} /:tenant/sign-in/:interaction`,
    access: { anonymous: 'a person proves here who they are; the cookie of this one sign-in leads to it' },
    consumes: 'form',
    body: Type.Record(Type.String(), Type.String()),
    answers: PAGE_ANSWERS,
    errors: pageErrors,
    handle: async (call, { signIn }: { signIn: SignInService }) => {
      const path = `/sign-in/${encodeURIComponent(call.params.interaction)}`
      return pageAnswer(await signIn.step(browserStep(method, path, call)))
    },
  }),
)
