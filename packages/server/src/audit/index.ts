export type { AuditEntry, AuditPrincipal } from './audit-entry.ts'
export { auditTables, writeAudit } from './write-audit.ts'
