import { addMs, type TenantId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { comesAfter, NEWEST_FIRST } from '../kit/db/cursor-sql.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import type { MachineTables } from '../machine/index.ts'
import { enrollWrite } from './enroll-write.ts'
import { type EnrollmentTables, type EnrollmentTokenRow, toEnrollmentToken } from './enrollment-row.ts'
import type { EnrollmentStore, NewEnrollmentToken, StoredEnrollmentToken } from './enrollment-store.ts'

type CreateToken = { kind: 'enrollment.createToken'; tenant: TenantId; token: NewEnrollmentToken }
type TokenCreated = { kind: 'created'; token: StoredEnrollmentToken } | { kind: 'machineUnknown' }

export const createTokenWrite = defineWrite<CreateToken, TokenCreated>(
  'enrollment.createToken',
  function* ({ tenant, token }, context) {
    if (token.replaceMachine !== null) {
      const machines = yield* run(
        tables<MachineTables>(context.dialect)
          .selectFrom('machine')
          .select('id')
          .where('tenant', '=', tenant)
          .where('id', '=', token.replaceMachine),
      )
      if (machines.length === 0) return { kind: 'machineUnknown' }
    }
    const row: EnrollmentTokenRow = {
      tenant,
      id: token.id,
      secret_hash: token.secretHash,
      description: token.description,
      created_at: context.at,
      created_by: token.createdBy,
      expires_at: addMs(context.at, token.lifeMs),
      revoked_at: null,
      max_uses: token.maxUses,
      uses: 0,
      tags: JSON.stringify(token.tags),
      replace_machine: token.replaceMachine,
    }
    yield* run(tables<EnrollmentTables>(context.dialect).insertInto('enrollment_token').values(row))
    yield* writeAudit(tenant, token.audit, context)
    return { kind: 'created', token: toEnrollmentToken(row) }
  },
)

type RevokeToken = { kind: 'enrollment.revokeToken'; tenant: TenantId; id: string; audit: AuditEntry }

export const revokeTokenWrite = defineWrite<RevokeToken, boolean>(
  'enrollment.revokeToken',
  function* ({ tenant, id, audit }, context) {
    const tokens = tables<EnrollmentTables>(context.dialect)
    const [known] = yield* run(
      tokens
        .selectFrom('enrollment_token')
        .select('revoked_at')
        .where('tenant', '=', tenant)
        .where('id', '=', id),
    )
    if (!known) return false
    if (known.revoked_at !== null) return true
    yield* run(
      tokens
        .updateTable('enrollment_token')
        .set({ revoked_at: context.at })
        .where('tenant', '=', tenant)
        .where('id', '=', id),
    )
    yield* writeAudit(tenant, audit, context)
    return true
  },
)

/** Enrollment of one tenant, on either database. */
export function sqlEnrollmentStore(db: Database, tenant: TenantId): EnrollmentStore {
  return {
    createToken: (token) => db.write(createTokenWrite, { tenant, token }),
    revokeToken: (id, audit) => db.write(revokeTokenWrite, { tenant, id, audit }),
    enroll: (enrollment) => db.write(enrollWrite, { tenant, enrollment }),
    async listTokens({ after, limit }) {
      const query = tables<EnrollmentTables>(db.dialect)
        .selectFrom('enrollment_token')
        .selectAll()
        .where('tenant', '=', tenant)
        .where(comesAfter(after))
        .orderBy(NEWEST_FIRST)
        .limit(limit)
      return (await db.read<EnrollmentTokenRow>(query)).map(toEnrollmentToken)
    },
  }
}
