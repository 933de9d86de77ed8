export { callLimiter, USUAL_LIMITS } from './call-limits.ts'
export { operation } from './operation.ts'
export { ALL_MACHINES, auditPrincipal, type Principal, type Reach, reaches } from './principal.ts'
