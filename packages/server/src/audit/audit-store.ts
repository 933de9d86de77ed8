import type { Instant, TenantId } from '@fleetsweep/protocol'
import type { PlacedEntry } from './audit-chain.ts'
import type { AuditEntry, AuditHead, SealedAuditEntry, StoredAuditEntry } from './audit-entry.ts'

/** Which entries to list; all conditions hold together. */
export type AuditQuery = {
  /** Id of a principal. */
  principal?: string | undefined
  operation?: string | undefined
  target?: string | undefined
  /** Not before. */
  from?: Instant | undefined
  /** Before. */
  to?: Instant | undefined
  /** Last entry of the page before. */
  after?: { at: Instant; id: string } | undefined
  limit: number
}

/** The audit of one tenant. What changes something writes its own entry, with `writeAudit`. */
export interface AuditStore {
  /** Adds entries that belong to no change, such as refused calls. */
  record(entries: readonly AuditEntry[]): Promise<void>

  /** Newest first, sealed or not. */
  list(query: AuditQuery): Promise<StoredAuditEntry[]>

  /** Entries without a place in the chain, oldest first. */
  unsealed(limit: number): Promise<StoredAuditEntry[]>

  countUnsealed(): Promise<number>

  newestHead(): Promise<AuditHead | undefined>

  /**
   * Gives entries their places after the newest head, and the chain its next head, in one transaction.
   *
   * @param seal.follows position of the head that was the newest when the entries were read; 0 where there was none
   * @returns `overtaken` when another head follows that one already: nothing was changed
   */
  seal(seal: {
    follows: number
    /** In their order, without one left out. */
    entries: readonly PlacedEntry[]
    head: AuditHead
  }): Promise<'sealed' | 'overtaken'>

  /** Sealed entries in the order of their places; `after` is the last one read. */
  sealed(query: {
    after: { position: number; id: string }
    through: number
    limit: number
  }): Promise<SealedAuditEntry[]>

  /** Heads in the order of their positions. */
  heads(query: { after: number; through: number; limit: number }): Promise<AuditHead[]>

  /** First and last place beyond the newest head; `undefined` when, as it should be, there is none. */
  beyondNewestHead(): Promise<{ from: number; through: number } | undefined>
}

/** The audit of all tenants, as the sealer sees it. */
export interface AuditBacklog {
  /** Tenants that have entries to be sealed. */
  tenants(): Promise<TenantId[]>
}
