export { authenticator } from './authenticator.ts'
export { type TokenIssuer, tokenIssuer } from './token-issuer.ts'
