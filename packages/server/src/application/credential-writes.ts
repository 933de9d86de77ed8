import { type ApplicationId, addMs, type TenantId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { raiseSecurityEpoch } from '../tenant/index.ts'
import type { StoredCertificate, StoredSecret } from './application.ts'
import {
  type ApplicationTables,
  type CertificateRow,
  secretRow,
  toCertificate,
  toSecret,
} from './application-row.ts'
import {
  type Added,
  type AssertionUse,
  type CredentialKind,
  type CredentialUse,
  MAX_CREDENTIALS,
  type NewCertificate,
  type NewSecret,
} from './application-store.ts'
import { exists } from './application-writes.ts'

/** How long a revoked credential still shows in lists; the audit keeps it for good. */
const REVOKED_SHOWN_MS = 90 * 86_400_000

type CredentialTable = 'application_secret' | 'application_certificate'

function tableOf(kind: CredentialKind): CredentialTable {
  return `application_${kind}`
}

type AddSecret = {
  kind: 'application.addSecret'
  tenant: TenantId
  id: ApplicationId
  secret: NewSecret
  audit: AuditEntry
}

export const addSecretWrite = defineWrite<AddSecret, Added<StoredSecret>>(
  'application.addSecret',
  function* ({ tenant, id, secret, audit }, context) {
    if (!(yield* exists(tenant, id, context))) return { kind: 'unknown' }
    if (!(yield* hasRoom('application_secret', tenant, id, context))) return { kind: 'tooMany' }
    const row = secretRow(tenant, id, secret, context)
    yield* run(tables<ApplicationTables>(context.dialect).insertInto('application_secret').values(row))
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return { kind: 'added', credential: toSecret(row) }
  },
)

type AddCertificate = {
  kind: 'application.addCertificate'
  tenant: TenantId
  id: ApplicationId
  certificate: NewCertificate
  audit: AuditEntry
}

export const addCertificateWrite = defineWrite<AddCertificate, Added<StoredCertificate> | { kind: 'exists' }>(
  'application.addCertificate',
  function* ({ tenant, id, certificate, audit }, context) {
    if (!(yield* exists(tenant, id, context))) return { kind: 'unknown' }
    if (!(yield* hasRoom('application_certificate', tenant, id, context))) return { kind: 'tooMany' }
    const row: CertificateRow = {
      tenant,
      application: id,
      id: certificate.id,
      description: certificate.description,
      certificate: certificate.certificate,
      sha1: certificate.sha1,
      sha256: certificate.sha256,
      not_before: certificate.notBefore,
      not_after: certificate.notAfter,
      created_at: context.at,
      revoked_at: null,
      last_used_at: null,
    }
    const added = yield* run(
      tables<ApplicationTables>(context.dialect)
        .insertInto('application_certificate')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .returning('id'),
    )
    if (added.length === 0) return { kind: 'exists' }
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return { kind: 'added', credential: toCertificate(row) }
  },
)

/** Forgets what was revoked long ago, and tells whether another one may come. */
function* hasRoom(
  table: CredentialTable,
  tenant: TenantId,
  application: ApplicationId,
  context: WriteContext,
): WriteSteps<boolean> {
  const db = tables<ApplicationTables>(context.dialect)
  yield* run(
    db
      .deleteFrom(table)
      .where('tenant', '=', tenant)
      .where('application', '=', application)
      .where('revoked_at', '<', addMs(context.at, -REVOKED_SHOWN_MS)),
  )
  const inForce = yield* run(
    db
      .selectFrom(table)
      .select('id')
      .where('tenant', '=', tenant)
      .where('application', '=', application)
      .where('revoked_at', 'is', null),
  )
  return inForce.length < MAX_CREDENTIALS
}

type RevokeCredential = {
  kind: 'application.revokeCredential'
  tenant: TenantId
  id: ApplicationId
  credentialKind: CredentialKind
  credential: string
  audit: AuditEntry
}

export const revokeCredentialWrite = defineWrite<RevokeCredential, boolean>(
  'application.revokeCredential',
  function* ({ tenant, id, credentialKind, credential, audit }, context) {
    const table = tableOf(credentialKind)
    const db = tables<ApplicationTables>(context.dialect)
    const [known] = yield* run(
      db
        .selectFrom(table)
        .select('revoked_at')
        .where('tenant', '=', tenant)
        .where('application', '=', id)
        .where('id', '=', credential),
    )
    if (!known) return false
    if (known.revoked_at !== null) return true
    yield* run(
      db
        .updateTable(table)
        .set({ revoked_at: context.at })
        .where('tenant', '=', tenant)
        .where('application', '=', id)
        .where('id', '=', credential),
    )
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return true
  },
)

type TakeAssertion = { kind: 'application.takeAssertion'; tenant: TenantId; use: AssertionUse }

export const takeAssertionWrite = defineWrite<TakeAssertion, boolean>(
  'application.takeAssertion',
  function* ({ tenant, use }, context) {
    const db = tables<ApplicationTables>(context.dialect)
    yield* run(
      db.deleteFrom('client_assertion').where('tenant', '=', tenant).where('expires_at', '<=', context.at),
    )
    const added = yield* run(
      db
        .insertInto('client_assertion')
        .values({
          tenant,
          application: use.application,
          id_hash: use.idHash,
          assertion_hash: use.assertionHash,
          address: use.address,
          expires_at: use.expiresAt,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id_hash'),
    )
    if (added.length === 1) return true
    const same = yield* run(
      db
        .selectFrom('client_assertion')
        .select('id_hash')
        .where('tenant', '=', tenant)
        .where('application', '=', use.application)
        .where('id_hash', '=', use.idHash)
        .where('assertion_hash', '=', use.assertionHash)
        .where('address', '=', use.address),
    )
    return same.length === 1
  },
)

type RecordUses = {
  kind: 'application.recordUses'
  tenant: TenantId
  uses: readonly CredentialUse[]
}

/** No audit and no epoch: a use changes nothing of what anybody may do. */
export const recordUsesWrite = defineWrite<RecordUses, void>(
  'application.recordUses',
  function* ({ tenant, uses }, context) {
    const db = tables<ApplicationTables>(context.dialect)
    for (const { application, kind, credential, at } of uses) {
      yield* run(
        db
          .updateTable(tableOf(kind))
          .set({ last_used_at: at })
          .where('tenant', '=', tenant)
          .where('application', '=', application)
          .where('id', '=', credential)
          .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', at)])),
      )
    }
  },
)
