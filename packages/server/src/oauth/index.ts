export { authenticator } from './authenticator.ts'
export { hashSecret } from './client-secret.ts'
export { type TokenIssuer, tokenIssuer } from './token-issuer.ts'
