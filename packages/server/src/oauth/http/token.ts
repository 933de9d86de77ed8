import { Type } from 'typebox'
import { operation } from '../../principal/index.ts'
import { TOKEN_LIFE_SECONDS } from '../access-token.ts'
import { entraErrors } from '../oauth-error.ts'
import type { TokenIssuer } from '../token-issuer.ts'
import type { UserTokenAnswer, UserTokens } from '../user-tokens.ts'

const Form = Type.Record(Type.String(), Type.String())
const ANONYMOUS = {
  anonymous: 'a caller gets its token here; the secret or the assertion in the form says who it is',
} as const
/** What clients may count on, one second less than the token lives, as Entra says it. */
const EXPIRES_IN = TOKEN_LIFE_SECONDS - 1

const V2Token = Type.Object({
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer(),
  ext_expires_in: Type.Integer(),
  access_token: Type.String(),
  // Of people alone.
  scope: Type.Optional(Type.String()),
  refresh_token: Type.Optional(Type.String()),
  id_token: Type.Optional(Type.String()),
  client_info: Type.Optional(Type.String()),
})

/** The numbers of the first version are strings. */
const V1Token = Type.Object({
  token_type: Type.Literal('Bearer'),
  expires_in: Type.String(),
  ext_expires_in: Type.String(),
  expires_on: Type.String(),
  not_before: Type.String(),
  resource: Type.String(),
  access_token: Type.String(),
})

type Services = { tokenIssuer: TokenIssuer; userTokens: UserTokens }

/** Token endpoints. Some clients send the form in the body of a GET, so both verbs are served. */
export const tokenOperations = {
  getToken: tokenEndpoint('POST', 'Get an access token'),
  getTokenV1: tokenEndpointV1('POST', 'Get an access token of the first version'),
  getTokenByGet: tokenEndpoint('GET', 'Get an access token by a GET with a body'),
  getTokenV1ByGet: tokenEndpointV1('GET', 'Get an access token of the first version by a GET with a body'),
}

function tokenEndpoint(method: 'GET' | 'POST', summary: string) {
  return operation({
    route: `${method} /:tenant/oauth2/v2.0/token`,
    summary,
    access: ANONYMOUS,
    callClass: 'token',
    consumes: 'form',
    body: Form,
    answers: { 200: V2Token },
    errors: entraErrors,
    handle: async ({ params, body, headers, origin, address }, services: Services) => {
      const request = {
        tenantName: params.tenant,
        form: body,
        authorization: headers.authorization,
        address,
        origin,
      }
      return services.userTokens.takes(body.grant_type)
        ? userToken(await services.userTokens.redeem(request))
        : v2Token(await services.tokenIssuer.issue({ ...request, version: 'v2' }))
    },
  })
}

function tokenEndpointV1(method: 'GET' | 'POST', summary: string) {
  return operation({
    route: `${method} /:tenant/oauth2/token`,
    summary,
    access: ANONYMOUS,
    callClass: 'token',
    consumes: 'form',
    body: Form,
    answers: { 200: V1Token },
    errors: entraErrors,
    handle: async ({ params, body, headers, address, origin }, { tokenIssuer }: Services) => {
      const issued = await tokenIssuer.issue({
        version: 'v1',
        tenantName: params.tenant,
        form: body,
        authorization: headers.authorization,
        address,
        origin,
      })
      return {
        token_type: 'Bearer' as const,
        expires_in: String(EXPIRES_IN),
        ext_expires_in: String(EXPIRES_IN),
        expires_on: String(issued.expiresAtSeconds),
        not_before: String(issued.issuedAtSeconds),
        resource: issued.resource,
        access_token: issued.accessToken,
      }
    },
  })
}

function v2Token({ accessToken }: { accessToken: string }) {
  return {
    token_type: 'Bearer' as const,
    expires_in: EXPIRES_IN,
    ext_expires_in: EXPIRES_IN,
    access_token: accessToken,
  }
}

function userToken(answer: UserTokenAnswer) {
  const { scope, refreshToken, idToken, clientInfo } = answer
  return {
    ...v2Token(answer),
    scope,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(idToken === undefined ? {} : { id_token: idToken }),
    ...(clientInfo === undefined ? {} : { client_info: clientInfo }),
  }
}
