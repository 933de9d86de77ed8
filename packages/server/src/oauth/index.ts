export { type ClientProof, issuerOf, signAccessToken, TOKEN_LIFE_SECONDS } from './access-token.ts'
export { isAudience } from './audience.ts'
export {
  type AuthenticateClient,
  type AuthenticatedClient,
  clientAuthenticator,
} from './authenticate-client.ts'
export { authenticator } from './authenticator.ts'
export { type IdTokenHint, readIdTokenHint, signIdToken } from './id-token.ts'
export { entraErrors, OAuthError } from './oauth-error.ts'
export { type TokenIssuer, tokenIssuer } from './token-issuer.ts'
export type { UserTokenAnswer, UserTokenRequest, UserTokens } from './user-tokens.ts'
