export { operation } from './operation.ts'
export { auditPrincipal, type Principal, type Reach } from './principal.ts'
