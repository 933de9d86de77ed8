import type { Instant } from '@fleetsweep/protocol'

/** One change, who made it and to what. Written in the transaction of the change itself. */
export type AuditEntry = {
  id: string
  principal: AuditPrincipal
  /** Verb and noun, such as `machineAction.create`. */
  operation: string
  /** Id of what was changed. */
  target: string
  /** What a reader needs to understand the change; never a secret. */
  detail: Record<string, string | number | boolean | null | readonly string[]>
}

export type AuditPrincipal = {
  /** `server` for what happens by itself (a time-out), `machine` for what an agent caused, `operator` for local commands. */
  kind: 'application' | 'user' | 'machine' | 'server' | 'operator'
  id: string
  name: string
}

/** An entry exactly as its row says it, because the chain is over that and not over what it means. */
export type StoredAuditEntry = {
  id: string
  at: Instant
  principal: { kind: string; id: string; name: string }
  operation: string
  target: string
  /** JSON, as it was written. */
  detail: string
  /** Place in the chain, from 1; null until it is sealed. */
  position: number | null
  hash: string | null
}

/** An entry that has its place in the chain. */
export type SealedAuditEntry = StoredAuditEntry & { position: number; hash: string }

/** The end of a chain at some moment, signed: whoever has one can tell whether what led to it was changed. */
export type AuditHead = {
  position: number
  /** Hash of the entry at this position. */
  hash: string
  signedAt: Instant
  keyId: string
  /** By the audit key of that id, base64. */
  signature: string
}
