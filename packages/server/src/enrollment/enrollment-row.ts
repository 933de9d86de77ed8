import type { Instant, MachineId } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { StoredEnrollmentToken } from './enrollment-store.ts'

export type EnrollmentTables = {
  enrollment_token: EnrollmentTokenRow
  enrollment_use: {
    tenant: string
    token: string
    public_key: string
    machine: string
    outcome: string
    used_at: number
  }
}

export type EnrollmentTokenRow = {
  tenant: string
  id: string
  secret_hash: string
  description: string
  created_at: number
  created_by: string
  expires_at: number
  revoked_at: number | null
  max_uses: number
  uses: number
  tags: string
  replace_machine: string | null
}

const tagsSchema = Compile(Type.Array(Type.String()))

export function toEnrollmentToken(row: EnrollmentTokenRow): StoredEnrollmentToken {
  return {
    id: row.id,
    secretHash: row.secret_hash,
    description: row.description,
    createdAt: row.created_at as Instant,
    createdBy: row.created_by,
    expiresAt: row.expires_at as Instant,
    revokedAt: row.revoked_at as Instant | null,
    maxUses: row.max_uses,
    uses: row.uses,
    tags: tagsSchema.Parse(JSON.parse(row.tags)),
    replaceMachine: row.replace_machine as MachineId | null,
  }
}
