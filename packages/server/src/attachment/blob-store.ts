import type { Instant, MachineActionId, MachineId } from '@fleetsweep/protocol'

/** What one machine sent about one scan. */
export type StoredAttachment = {
  sha256: string
  sizeBytes: number
  receivedBytes: number
  isComplete: boolean
}

export type NewPiece = {
  actionId: MachineActionId
  machineId: MachineId
  /** Of the whole attachment, as the report names it. */
  sha256: string
  sizeBytes: number
  atByte: number
  content: Uint8Array
  quotas: AttachmentQuotas
}

/** Most that attachments take, compressed as they come. */
export type AttachmentQuotas = { perScanBytes: number; perMachineBytes: number; perTenantBytes: number }

/**
 * Attachments of one tenant: bytes that a machine sent, in pieces, kept as they came and never looked into. Every write
 * is on disk when its promise resolves.
 */
export interface BlobStore {
  /** `undefined` when nothing of it has come. */
  find(actionId: MachineActionId): Promise<StoredAttachment | undefined>

  /**
   * Adds the next piece.
   *
   * - `stored`: it is there, also when it was there before.
   * - `elsewhere`: it is not the next one; nothing has changed.
   * - `overQuota`: the machine or the tenant has too much; nothing has changed.
   */
  append(
    piece: NewPiece,
  ): Promise<{ kind: 'stored' | 'elsewhere'; receivedBytes: number } | { kind: 'overQuota' }>

  /** Says that all of it is there and right. */
  complete(actionId: MachineActionId): Promise<void>

  /** Takes away what is there and not complete, so that it can be sent anew. */
  reset(actionId: MachineActionId): Promise<void>

  /** What is there, in order, one piece at a time. */
  read(actionId: MachineActionId): AsyncGenerator<Uint8Array, void, undefined>
}

/** Attachments of all tenants that are too old. */
export interface OldAttachments {
  /** Removes those that began before a moment, at most so many. @returns how many it removed */
  forget(before: Instant, limit: number): Promise<number>
}
