import { type Static, Type } from 'typebox'
import { Guid } from '../ids.ts'

/** Answer of `GET /fleet/v1/signIn`, which anybody may ask for: what a program must know before somebody signs in. */
export const SignInInfo = Type.Object({
  tenant: Type.Union([Type.Object({ id: Guid, domain: Type.String() }), Type.Null()], {
    description: "The one tenant of this server; null where there are several, which are nobody's business.",
  }),
})
export type SignInInfo = Static<typeof SignInInfo>
