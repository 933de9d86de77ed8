export { ExpireActions, type ExpireActionsParts } from './expire-actions.ts'
export { KeepCallCounts, type KeepCallCountsParts } from './keep-call-counts.ts'
export { RecordRefusals, type RecordRefusalsParts } from './record-refusals.ts'
export { SealAudit, type SealAuditParts } from './seal-audit.ts'
