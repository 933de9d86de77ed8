export {
  type AuthenticateClient,
  type AuthenticatedClient,
  clientAuthenticator,
} from './authenticate-client.ts'
export { authenticator } from './authenticator.ts'
export { type TokenIssuer, tokenIssuer } from './token-issuer.ts'
