import {
  type ApplicationId,
  addMs,
  type Instant,
  isPermission,
  type Permission,
  type TenantId,
} from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import { raiseSecurityEpoch } from '../tenant/index.ts'
import type { ApplicationStore } from './application-store.ts'

type ApplicationTables = {
  application: {
    tenant: string
    id: string
    display_name: string
    created_at: number
    limit_per_minute: number | null
    limit_per_hour: number | null
  }
  application_secret: {
    tenant: string
    application: string
    id: string
    secret_hash: string
    hint: string
    created_at: number
    expires_at: number | null
    revoked_at: number | null
  }
  application_permission: { tenant: string; application: string; permission: string }
}

type CreateApplication = {
  kind: 'application.create'
  tenant: TenantId
  id: ApplicationId
  displayName: string
  permissions: readonly Permission[]
  secret: { id: string; secretHash: string; hint: string; lifeMs: number | null }
  audit: AuditEntry
}

export const createApplicationWrite = defineWrite<CreateApplication, 'created' | 'exists'>(
  'application.create',
  function* ({ tenant, id, displayName, permissions, secret, audit }, context) {
    const db = tables<ApplicationTables>(context.dialect)
    const added = yield* run(
      db
        .insertInto('application')
        .values({
          tenant,
          id,
          display_name: displayName,
          created_at: context.at,
          limit_per_minute: null,
          limit_per_hour: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id'),
    )
    if (added.length === 0) return 'exists'
    for (const permission of permissions) {
      yield* run(db.insertInto('application_permission').values({ tenant, application: id, permission }))
    }
    yield* run(
      db.insertInto('application_secret').values({
        tenant,
        application: id,
        id: secret.id,
        secret_hash: secret.secretHash,
        hint: secret.hint,
        created_at: context.at,
        expires_at: secret.lifeMs === null ? null : addMs(context.at, secret.lifeMs),
        revoked_at: null,
      }),
    )
    yield* writeAudit(tenant, audit, context)
    return 'created'
  },
)

type SetLimits = {
  kind: 'application.setLimits'
  tenant: TenantId
  id: ApplicationId
  limits: { perMinute: number | null; perHour: number | null }
  audit: AuditEntry
}

export const setLimitsWrite = defineWrite<SetLimits, boolean>(
  'application.setLimits',
  function* ({ tenant, id, limits, audit }, context) {
    const changed = yield* run(
      tables<ApplicationTables>(context.dialect)
        .updateTable('application')
        .set({ limit_per_minute: limits.perMinute, limit_per_hour: limits.perHour })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .returning('id'),
    )
    if (changed.length === 0) return false
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return true
  },
)

/** Applications of one tenant, on either database. */
export function sqlApplicationStore(db: Database, tenant: TenantId): ApplicationStore {
  return {
    create: (application) => db.write(createApplicationWrite, { tenant, ...application }),
    setLimits: (id, limits, audit) => db.write(setLimitsWrite, { tenant, id, limits, audit }),
    async find(id) {
      const builder = tables<ApplicationTables>(db.dialect)
      const [row] = await db.read(
        builder.selectFrom('application').selectAll().where('tenant', '=', tenant).where('id', '=', id),
      )
      if (!row) return undefined
      const [permissions, secrets] = await Promise.all([
        db.read(
          builder
            .selectFrom('application_permission')
            .select('permission')
            .where('tenant', '=', tenant)
            .where('application', '=', id)
            .orderBy('permission'),
        ),
        db.read(
          builder
            .selectFrom('application_secret')
            .selectAll()
            .where('tenant', '=', tenant)
            .where('application', '=', id)
            .orderBy('created_at'),
        ),
      ])
      return {
        id,
        displayName: row.display_name,
        createdAt: row.created_at as Instant,
        permissions: permissions.map(({ permission }) => permission).filter(isPermission),
        limits: { perMinute: row.limit_per_minute, perHour: row.limit_per_hour },
        secrets: secrets.map((secret) => ({
          id: secret.id,
          secretHash: secret.secret_hash,
          hint: secret.hint,
          createdAt: secret.created_at as Instant,
          expiresAt: secret.expires_at as Instant | null,
          revokedAt: secret.revoked_at as Instant | null,
        })),
      }
    },
  }
}
