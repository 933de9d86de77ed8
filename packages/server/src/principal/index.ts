export { callLimiter, USUAL_LIMITS } from './call-limits.ts'
export { operation } from './operation.ts'
export { auditPrincipal, type Principal, type Reach, reachesAll } from './principal.ts'
