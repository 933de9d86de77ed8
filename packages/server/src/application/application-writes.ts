import type { ApplicationId, CallLimits, Permission, TenantId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { raiseSecurityEpoch } from '../tenant/index.ts'
import { type ApplicationTables, secretRow } from './application-row.ts'
import type { NewApplication } from './application-store.ts'

type CreateApplication = { kind: 'application.create'; tenant: TenantId; application: NewApplication }

export const createApplicationWrite = defineWrite<CreateApplication, 'created' | 'exists'>(
  'application.create',
  function* ({ tenant, application }, context) {
    const { id, displayName, permissions, secret, audit } = application
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
    yield* addPermissions(tenant, id, permissions, context)
    if (secret) {
      yield* run(db.insertInto('application_secret').values(secretRow(tenant, id, secret, context)))
    }
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return 'created'
  },
)

function* addPermissions(
  tenant: TenantId,
  application: ApplicationId,
  permissions: readonly Permission[],
  context: WriteContext,
): WriteSteps<void> {
  for (const permission of new Set(permissions)) {
    yield* run(
      tables<ApplicationTables>(context.dialect)
        .insertInto('application_permission')
        .values({ tenant, application, permission }),
    )
  }
}

type ChangeApplication = {
  kind: 'application.change'
  tenant: TenantId
  id: ApplicationId
  to: { displayName?: string | undefined; permissions?: readonly Permission[] | undefined }
  audit: AuditEntry
}

export const changeApplicationWrite = defineWrite<ChangeApplication, boolean>(
  'application.change',
  function* ({ tenant, id, to, audit }, context) {
    if (!(yield* exists(tenant, id, context))) return false
    const db = tables<ApplicationTables>(context.dialect)
    if (to.displayName !== undefined) {
      yield* run(
        db
          .updateTable('application')
          .set({ display_name: to.displayName })
          .where('tenant', '=', tenant)
          .where('id', '=', id),
      )
    }
    if (to.permissions !== undefined) {
      yield* run(
        db.deleteFrom('application_permission').where('tenant', '=', tenant).where('application', '=', id),
      )
      yield* addPermissions(tenant, id, to.permissions, context)
    }
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return true
  },
)

type RemoveApplication = {
  kind: 'application.remove'
  tenant: TenantId
  id: ApplicationId
  audit: AuditEntry
}

const BELONGINGS = [
  'application_permission',
  'application_secret',
  'application_certificate',
  'client_assertion',
] as const

export const removeApplicationWrite = defineWrite<RemoveApplication, boolean>(
  'application.remove',
  function* ({ tenant, id, audit }, context) {
    const db = tables<ApplicationTables>(context.dialect)
    const removed = yield* run(
      db.deleteFrom('application').where('tenant', '=', tenant).where('id', '=', id).returning('id'),
    )
    if (removed.length === 0) return false
    for (const table of BELONGINGS) {
      yield* run(db.deleteFrom(table).where('tenant', '=', tenant).where('application', '=', id))
    }
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return true
  },
)

type SetLimits = {
  kind: 'application.setLimits'
  tenant: TenantId
  id: ApplicationId
  limits: CallLimits
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

/** True when the tenant has the application; it stays so until the write is over. */
export function* exists(tenant: TenantId, id: ApplicationId, { dialect }: WriteContext): WriteSteps<boolean> {
  let query = tables<ApplicationTables>(dialect)
    .selectFrom('application')
    .select('id')
    .where('tenant', '=', tenant)
    .where('id', '=', id)
  // Another node must not delete it meanwhile. SQLite has one writer at a time.
  if (dialect === 'postgres') query = query.forUpdate()
  return (yield* run(query)).length > 0
}
