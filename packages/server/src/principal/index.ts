export { operation } from './operation.ts'
export { auditPrincipal, type Principal, type Reach, reachesAll } from './principal.ts'
