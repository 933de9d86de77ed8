import type { Instant, TenantId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import type { SigningKeyPurpose, SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'

type SigningKeyTables = {
  signing_key: {
    tenant: string
    id: string
    purpose: string
    sequence: number
    public_key: string
    sealed_private_key: string
    announcement: string | null
    created_at: number
    retired_at: number | null
  }
}

type AddKey = {
  kind: 'signingKey.add'
  tenant: TenantId
  key: Omit<StoredSigningKey, 'createdAt' | 'retiredAt'>
  audit: AuditEntry
}

export const addSigningKeyWrite = defineWrite<AddKey, 'added' | 'exists'>(
  'signingKey.add',
  function* ({ tenant, key, audit }, context) {
    const added = yield* run(
      tables<SigningKeyTables>(context.dialect)
        .insertInto('signing_key')
        .values({
          tenant,
          id: key.id,
          purpose: key.purpose,
          sequence: key.sequence,
          public_key: key.publicKey,
          sealed_private_key: key.sealedPrivateKey,
          announcement: key.announcement,
          created_at: context.at,
          retired_at: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id'),
    )
    if (added.length === 0) return 'exists'
    yield* writeAudit(tenant, audit, context)
    return 'added'
  },
)

/** Signing keys of one tenant, on either database. */
export function sqlSigningKeyStore(db: Database, tenant: TenantId): SigningKeyStore {
  return {
    add: (key, audit) => db.write(addSigningKeyWrite, { tenant, key, audit }),
    async list(purpose) {
      const rows = await db.read(
        tables<SigningKeyTables>(db.dialect)
          .selectFrom('signing_key')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('purpose', '=', purpose)
          .orderBy('sequence'),
      )
      return rows.map((row) => ({
        id: row.id,
        purpose: row.purpose as SigningKeyPurpose,
        sequence: row.sequence,
        publicKey: row.public_key,
        sealedPrivateKey: row.sealed_private_key,
        announcement: row.announcement,
        createdAt: row.created_at as Instant,
        retiredAt: row.retired_at as Instant | null,
      }))
    },
  }
}
