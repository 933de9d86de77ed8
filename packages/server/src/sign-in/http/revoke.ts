import { Type } from 'typebox'
import { entraErrors, type UserTokens } from '../../oauth/index.ts'
import { operation } from '../../principal/index.ts'

/**
 * Signs a program out that has no browser to do it in.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7009
 */
export const revokeSignIn = operation({
  route: 'POST /:tenant/oauth2/v2.0/revoke',
  summary: 'Revoke a refresh token',
  access: { anonymous: 'whoever has the refresh token may end its sign-in, and learns nothing' },
  callClass: 'token',
  consumes: 'form',
  body: Type.Record(Type.String(), Type.String()),
  answers: { 200: Type.Object({}) },
  errors: entraErrors,
  handle: async ({ params, body, headers, origin, address }, { userTokens }: { userTokens: UserTokens }) => {
    const { authorization } = headers
    await userTokens.revoke({ tenantName: params.tenant, form: body, authorization, origin, address })
    return {}
  },
})
