import type { Instant, Inventory, MachineId } from '@fleetsweep/protocol'
import type { AuditEntry } from '../audit/index.ts'
import type { Cursor } from '../kit/cursor.ts'

/** A token as the server keeps it: its secret only as a hash. */
export type StoredEnrollmentToken = {
  id: string
  secretHash: string
  description: string
  createdAt: Instant
  createdBy: string
  expiresAt: Instant
  revokedAt: Instant | null
  maxUses: number
  uses: number
  tags: string[]
  replaceMachine: MachineId | null
}

/** Enrollment tokens and what they were used for, in one tenant. */
export interface EnrollmentStore {
  /** Creates a token that expires `lifeMs` from now. `machineUnknown`: there is no machine whose key it could replace. */
  createToken(
    token: NewEnrollmentToken,
  ): Promise<{ kind: 'created'; token: StoredEnrollmentToken } | { kind: 'machineUnknown' }>

  /** Newest first; `after` is the last row of the page before. */
  listTokens(query: { after?: Cursor | undefined; limit: number }): Promise<StoredEnrollmentToken[]>

  /** Makes a token worthless from now on; machines that it enrolled stay. `false` when there is none of that id. */
  revokeToken(id: string, audit: AuditEntry): Promise<boolean>

  /**
   * Exchanges a token for an identity. The caller has checked the request's signature: it comes from whoever holds
   * the private key of `publicKey`.
   *
   * - `same`: the tenant knows this key; it is that machine, and the token is used up by one.
   * - `replaced`: the token was made for one machine, whose key this is from now on.
   * - `new`: a new machine; `isPotentialDuplication` when another has the same operating-system identity.
   * - `refused`: the token is unknown, wrong, expired, revoked or used up; or it was made to replace a key that is in
   *   use twice, and came with that very key.
   *
   * The same token with the same key gives the same answer again and counts once.
   */
  enroll(request: Enrollment): Promise<Enrolled>
}

export type NewEnrollmentToken = {
  id: string
  secretHash: string
  description: string
  createdBy: string
  lifeMs: number
  maxUses: number
  tags: readonly string[]
  replaceMachine: MachineId | null
  audit: AuditEntry
}

export type Enrollment = {
  tokenId: string
  secretHash: string
  publicKey: string
  /** The id for a machine that turns out to be new. */
  newMachineId: MachineId
  inventory: Inventory
  externalIp: string | null
  auditId: string
}

export type Enrolled =
  | {
      kind: 'enrolled'
      machineId: MachineId
      outcome: 'new' | 'same' | 'replaced'
      isPotentialDuplication: boolean
    }
  | { kind: 'refused'; why: 'unknown' | 'expired' | 'revoked' | 'usedUp' | 'keyInDoubt' }
