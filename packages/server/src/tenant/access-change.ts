import type { TenantId } from '@fleetsweep/protocol'
import type { AuditEntry, AuditPrincipal } from '../audit/index.ts'
import type { Bus } from '../kit/bus.ts'

/** What a service that changes who may do what is made of, beside its stores. */
export type AccessChangeParts = { bus: Bus; newId: () => string }

/**
 * Makes the audit entry of a change for its write, and tells this node's caches afterwards: they would notice by
 * themselves within a second.
 */
export function accessChange({ bus, newId }: AccessChangeParts) {
  return async <Outcome>(
    tenant: TenantId,
    entry: {
      by: AuditPrincipal
      operation: string
      target: string
      detail?: Readonly<Record<string, unknown>>
    },
    write: (audit: AuditEntry) => Promise<Outcome>,
  ): Promise<Outcome> => {
    const { by, operation, target, detail = {} } = entry
    const outcome = await write({
      id: newId(),
      principal: by,
      operation,
      target,
      detail: auditDetail(detail),
    })
    bus.publish({ topic: 'securityEpoch', tenant })
    return outcome
  }
}

/** What was asked for, as the audit keeps it: absent members are left out, whole objects are kept as JSON. */
function auditDetail(given: Readonly<Record<string, unknown>>): AuditEntry['detail'] {
  const detail: AuditEntry['detail'] = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
      detail[name] = value as string | number | boolean | null
    } else {
      detail[name] = Array.isArray(value) ? value.map(String) : JSON.stringify(value)
    }
  }
  return detail
}
