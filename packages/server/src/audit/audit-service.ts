import {
  type AuditVerification,
  type Clock,
  type FleetAuditEntry,
  FleetAuditEntry as FleetAuditEntrySchema,
  formatInstant,
  type NotedHead,
  type TenantId,
  writeNotedHead,
} from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'
import { cursorPage } from '../kit/cursor.ts'
import type { SigningKeys } from '../signing-key/index.ts'
import type { StoredAuditEntry } from './audit-entry.ts'
import type { AuditQuery, AuditStore } from './audit-store.ts'
import { verifyAudit } from './verify-audit.ts'

const Detail = Compile(FleetAuditEntrySchema.properties.detail)

export type AuditService = {
  /** Entries of a tenant, newest first, a page at a time. */
  list(tenant: TenantId, query: AuditQuery): Promise<{ items: FleetAuditEntry[]; nextCursor: string | null }>

  /**
   * Checks the chain of a tenant from its beginning to its newest head.
   *
   * @param noted a head that was written down earlier, which must still be part of the chain
   */
  verify(tenant: TenantId, noted?: NotedHead): Promise<AuditVerification>
}

export function auditService(parts: {
  auditOf: (tenant: TenantId) => AuditStore
  signingKeys: Pick<SigningKeys, 'auditKeys'>
  clock: Clock
}): AuditService {
  const { auditOf, signingKeys, clock } = parts
  // It reads everything there is: who asks while it goes on is told of the same run.
  const running = new Map<string, Promise<AuditVerification>>()
  const verify = async (tenant: TenantId, noted: NotedHead | undefined): Promise<AuditVerification> => {
    const { head, ...verdict } = await verifyAudit({ audit: auditOf(tenant), signingKeys }, tenant, { noted })
    return {
      ...verdict,
      verifiedAt: formatInstant(clock.now()),
      head: head
        ? {
            position: head.position,
            hash: head.hash,
            signedAt: formatInstant(head.signedAt),
            keyId: head.keyId,
          }
        : null,
    }
  }
  return {
    async list(tenant, { limit, ...query }) {
      const rows = await auditOf(tenant).list({ ...query, limit: limit + 1 })
      return cursorPage(rows, limit, ({ at, id }) => ({ at, id }), fleetAuditEntry)
    },
    verify(tenant, noted) {
      const key = `${tenant}/${noted ? writeNotedHead(noted) : ''}`
      const known = running.get(key)
      if (known) return known
      const started = verify(tenant, noted).finally(() => running.delete(key))
      running.set(key, started)
      return started
    },
  }
}

function fleetAuditEntry({ at, detail, ...entry }: StoredAuditEntry): FleetAuditEntry {
  return { ...entry, at: formatInstant(at), detail: readDetail(detail) }
}

/** Whoever looks for what was tampered with must see that entry, too. */
function readDetail(text: string): FleetAuditEntry['detail'] {
  try {
    return Detail.Parse(JSON.parse(text))
  } catch {
    return { unreadable: text }
  }
}
