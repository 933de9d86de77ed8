export { auditPrincipal, type Principal, type Reach } from './principal.ts'
