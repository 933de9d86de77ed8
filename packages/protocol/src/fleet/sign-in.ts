import { type Static, Type } from 'typebox'
import { Guid } from '../ids.ts'

/** Answer of `POST /fleet/v1/users/{userId}/passwordLink`: the only time that the link is shown. */
export const PasswordLink = Type.Object({
  userId: Guid,
  userPrincipalName: Type.String(),
  url: Type.String({ description: 'Where the person chooses a password, once.' }),
  expiresAt: Type.String(),
})
export type PasswordLink = Static<typeof PasswordLink>

/** Body and answer of `PUT /fleet/v1/applications/{applicationId}/signIn`: how people sign in with an application. */
export const ApplicationSignIn = Type.Object({
  isPublicClient: Type.Boolean({
    description: "True for a program that cannot keep a secret: one on a person's computer, or a page.",
  }),
  redirectUris: Type.Array(Type.String({ minLength: 1, maxLength: 2_000 }), {
    maxItems: 50,
    description:
      'Where it may have people sent back to, exactly; on loopback (`http://127.0.0.1`, `http://localhost`) any port will do. None is needed to sign in by device code. /',
  }),
  delegatedScopes: Type.Array(Type.String({ maxLength: 100 }), {
    maxItems: 50,
    uniqueItems: true,
    description:
      "What it may ask to do in a person's name, such as `Machine.Read`. Without one, nobody signs in with it.",
  }),
})
export type ApplicationSignIn = Static<typeof ApplicationSignIn>
