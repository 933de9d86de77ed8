import { hash } from 'node:crypto'
import { signingInput, type TenantId } from '@fleetsweep/protocol'
import type { AuditHead, StoredAuditEntry } from './audit-entry.ts'

/** An end of a chain: what the next entry is hashed together with. */
export type ChainEnd = { position: number; hash: string }

/** An entry with the place that it gets. */
export type PlacedEntry = ChainEnd & Pick<StoredAuditEntry, 'id' | 'at'>

/** Where every chain begins. */
export const CHAIN_START: ChainEnd = { position: 0, hash: '0'.repeat(64) }

/** SHA-256 (hex) of an entry at its place after the one before: no field of it can change without changing this. */
export function hashEntry(
  tenant: TenantId,
  previousHash: string,
  position: number,
  { id, at, principal, operation, target, detail }: StoredAuditEntry,
): string {
  const fields = [
    previousHash,
    tenant,
    String(position),
    id,
    String(at),
    principal.kind,
    principal.id,
    principal.name,
    operation,
    target,
    detail,
  ]
  return hash('sha256', signingInput('fleetsweep.audit.v1/entry', fields), 'hex')
}

/** The bytes that are signed of a head. */
export function headInput(
  tenant: TenantId,
  { position, hash, signedAt }: Pick<AuditHead, 'position' | 'hash' | 'signedAt'>,
): Uint8Array {
  return signingInput('fleetsweep.audit.v1/head', [tenant, String(position), hash, String(signedAt)])
}

/** Gives entries their places and hashes, in their order, after an end of the chain. */
export function chainEntries(
  tenant: TenantId,
  end: ChainEnd,
  entries: readonly StoredAuditEntry[],
): PlacedEntry[] {
  let { position, hash } = end
  return entries.map((entry) => {
    position += 1
    hash = hashEntry(tenant, hash, position, entry)
    return { id: entry.id, at: entry.at, position, hash }
  })
}
