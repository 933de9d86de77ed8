import { type ApplicationId, type Instant, isPermission, type TenantId } from '@fleetsweep/protocol'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import type { StoredApplication } from './application.ts'
import { type ApplicationRow, type ApplicationTables, toCertificate, toSecret } from './application-row.ts'
import type { ApplicationStore } from './application-store.ts'
import {
  changeApplicationWrite,
  createApplicationWrite,
  removeApplicationWrite,
  setLimitsWrite,
} from './application-writes.ts'
import {
  addCertificateWrite,
  addSecretWrite,
  recordUsesWrite,
  revokeCredentialWrite,
  takeAssertionWrite,
} from './credential-writes.ts'

/** Applications of one tenant, on either database. */
export function sqlApplicationStore(db: Database, tenant: TenantId): ApplicationStore {
  const all = () =>
    tables<ApplicationTables>(db.dialect).selectFrom('application').selectAll().where('tenant', '=', tenant)
  return {
    create: (application) => db.write(createApplicationWrite, { tenant, application }),
    change: (id, to, audit) => db.write(changeApplicationWrite, { tenant, id, to, audit }),
    remove: (id, audit) => db.write(removeApplicationWrite, { tenant, id, audit }),
    setLimits: (id, limits, audit) => db.write(setLimitsWrite, { tenant, id, limits, audit }),
    addSecret: (id, secret, audit) => db.write(addSecretWrite, { tenant, id, secret, audit }),
    addCertificate: (id, certificate, audit) =>
      db.write(addCertificateWrite, { tenant, id, certificate, audit }),
    revokeCredential: (id, credentialKind, credential, audit) =>
      db.write(revokeCredentialWrite, { tenant, id, credentialKind, credential, audit }),
    takeAssertion: (use) => db.write(takeAssertionWrite, { tenant, use }),
    recordUses: (uses) => db.write(recordUsesWrite, { tenant, uses }),
    async find(id) {
      const [application] = await whole(db, tenant, await db.read(all().where('id', '=', id)))
      return application
    },
    async list({ after, limit }) {
      let query = all().orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit)
      if (after !== undefined) {
        query = query.where((eb) =>
          eb.or([
            eb('created_at', '<', after.createdAt),
            eb.and([eb('created_at', '=', after.createdAt), eb('id', '<', after.id)]),
          ]),
        )
      }
      return whole(db, tenant, await db.read(query))
    },
  }
}

/** Adds to applications what belongs to each. */
async function whole(
  db: Database,
  tenant: TenantId,
  rows: readonly ApplicationRow[],
): Promise<StoredApplication[]> {
  if (rows.length === 0) return []
  const builder = tables<ApplicationTables>(db.dialect)
  const ids = rows.map(({ id }) => id)
  const [permissions, secrets, certificates] = await Promise.all([
    db.read(
      builder
        .selectFrom('application_permission')
        .select(['application', 'permission'])
        .where('tenant', '=', tenant)
        .where('application', 'in', ids)
        .orderBy('permission'),
    ),
    db.read(
      builder
        .selectFrom('application_secret')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('application', 'in', ids)
        .orderBy('created_at'),
    ),
    db.read(
      builder
        .selectFrom('application_certificate')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('application', 'in', ids)
        .orderBy('created_at'),
    ),
  ])
  const of = <Row extends { application: string }>(all: readonly Row[], id: string) =>
    all.filter(({ application }) => application === id)
  return rows.map((row) => ({
    id: row.id as ApplicationId,
    displayName: row.display_name,
    createdAt: row.created_at as Instant,
    permissions: of(permissions, row.id)
      .map(({ permission }) => permission)
      .filter(isPermission),
    limits: { perMinute: row.limit_per_minute, perHour: row.limit_per_hour },
    secrets: of(secrets, row.id).map(toSecret),
    certificates: of(certificates, row.id).map(toCertificate),
  }))
}
