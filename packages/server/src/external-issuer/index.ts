export { externalPrincipal } from './external-principal.ts'
export { type ExternalToken, ExternalTokens } from './external-tokens.ts'
