export { ExpireActions, type ExpireActionsParts } from './expire-actions.ts'
export { ForgetSignIns, type ForgetSignInsParts } from './forget-sign-ins.ts'
export { SealAudit, type SealAuditParts } from './seal-audit.ts'
