export { ExpireActions, type ExpireActionsParts } from './expire-actions.ts'
export { SealAudit, type SealAuditParts } from './seal-audit.ts'
