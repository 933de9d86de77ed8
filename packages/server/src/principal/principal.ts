import type { Permission, TenantId } from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'

/** Whoever makes a call: one object travels from the edge to the store. */
export type Principal = {
  kind: 'application' | 'user'
  tenant: TenantId
  /** Application id, or the person's object id. */
  id: string
  /** What `requestor` shows: the application's display name, or the person's user principal name. */
  name: string
  permissions: ReadonlySet<Permission>
  reach: Reach
  /** Overrides of the usual rate limits; null or absent where the usual one holds. */
  limits?: { perMinute: number | null; perHour: number | null }
}

/** Which machines a principal may see and touch. */
export type Reach = { kind: 'allMachines' } | { kind: 'deviceGroups'; ids: readonly string[] }

/** The principal as the audit names it. */
export function auditPrincipal({ kind, id, name }: Principal): AuditPrincipal {
  return { kind, id, name }
}

/** True for a principal that sees every machine of its tenant, as all applications do. */
export function reachesAll({ reach }: Principal): boolean {
  return reach.kind === 'allMachines'
}
