import { addMs, type Instant, type TenantId, type UserId } from '@fleetsweep/protocol'
import type { ExpressionBuilder, Kysely } from 'kysely'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { sumByTenant } from '../kit/db/sum-by-tenant.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import { raiseSecurityEpoch } from '../tenant/index.ts'
import {
  ARTIFACT_KINDS,
  type ArtifactKind,
  type ArtifactStore,
  type EndedSignIns,
  type ExpiredArtifacts,
  type NewArtifact,
  type StoredArtifact,
} from './artifact-store.ts'

type ArtifactRow = {
  tenant: string
  kind: string
  id_hash: string
  sealed: string
  sign_in: string | null
  session_hash: string | null
  user_code_hash: string | null
  user_account: string | null
  application: string | null
  created_at: number
  expires_at: number
  consumed_at: number | null
}
type ArtifactTables = { sign_in_artifact: ArtifactRow }

type Keep = { kind: 'signIn.keep'; tenant: TenantId; artifact: NewArtifact; audit: AuditEntry | null }

export const keepArtifactWrite = defineWrite<Keep, void>(
  'signIn.keep',
  function* ({ tenant, artifact, audit }, context) {
    const state = {
      sealed: artifact.sealed,
      sign_in: artifact.signIn,
      session_hash: artifact.sessionHash,
      user_account: artifact.user,
      expires_at: addMs(context.at, artifact.lifeMs),
    }
    const kept = yield* run(
      tables<ArtifactTables>(context.dialect)
        .insertInto('sign_in_artifact')
        .values({
          tenant,
          kind: artifact.kind,
          id_hash: artifact.idHash,
          user_code_hash: artifact.userCodeHash,
          application: artifact.application,
          created_at: context.at,
          consumed_at: null,
          ...state,
        })
        .onConflict((conflict) =>
          artifact.kind === 'Grant'
            ? conflict.doNothing()
            : conflict.columns(['tenant', 'kind', 'id_hash']).doUpdateSet(state),
        )
        .returning('id_hash'),
    )
    if (audit && kept.length > 0) yield* writeAudit(tenant, audit, context)
  },
)

type OneArtifact<Kind extends string> = {
  kind: Kind
  tenant: TenantId
  artifactKind: ArtifactKind
  idHash: string
}

export const consumeArtifactWrite = defineWrite<OneArtifact<'signIn.consume'>, 'consumed' | 'used'>(
  'signIn.consume',
  function* ({ tenant, artifactKind, idHash }, context) {
    const consumed = yield* run(
      tables<ArtifactTables>(context.dialect)
        .updateTable('sign_in_artifact')
        .set({ consumed_at: context.at })
        .where('tenant', '=', tenant)
        .where('kind', '=', artifactKind)
        .where('id_hash', '=', idHash)
        .where('consumed_at', 'is', null)
        .returning('id_hash'),
    )
    return consumed.length === 1 ? 'consumed' : 'used'
  },
)

export const removeArtifactWrite = defineWrite<OneArtifact<'signIn.remove'>, void>(
  'signIn.remove',
  function* ({ tenant, artifactKind, idHash }, context) {
    yield* run(
      tables<ArtifactTables>(context.dialect)
        .deleteFrom('sign_in_artifact')
        .where('tenant', '=', tenant)
        .where('kind', '=', artifactKind)
        .where('id_hash', '=', idHash),
    )
  },
)

type End = { kind: 'signIn.end'; tenant: TenantId; which: EndedSignIns; audit: AuditEntry }

export const endSignInsWrite = defineWrite<End, number>(
  'signIn.end',
  function* ({ tenant, which, audit }, context) {
    const db = tables<ArtifactTables>(context.dialect)
    const rows = yield* run(
      db
        .selectFrom('sign_in_artifact')
        .select(['kind', 'id_hash'])
        .where('tenant', '=', tenant)
        .where((eb) => belongsTo(eb, which)),
    )
    if (rows.length === 0) return 0
    const signIns = rows.filter(({ kind }) => kind === 'Grant').map(({ id_hash }) => id_hash)
    yield* run(
      db
        .deleteFrom('sign_in_artifact')
        .where('tenant', '=', tenant)
        .where((eb) =>
          signIns.length === 0
            ? belongsTo(eb, which)
            : eb.or([belongsTo(eb, which), eb('sign_in', 'in', signIns)]),
        ),
    )
    if (signIns.length === 0) return 0
    yield* raiseSecurityEpoch(tenant, context)
    yield* writeAudit(tenant, audit, context)
    return signIns.length
  },
)

function belongsTo(eb: ExpressionBuilder<ArtifactTables, 'sign_in_artifact'>, which: EndedSignIns) {
  switch (which.by) {
    case 'signIn':
      return eb.or([
        eb('sign_in', '=', which.signIn),
        eb.and([eb('kind', '=', 'Grant'), eb('id_hash', '=', which.signIn)]),
      ])
    case 'session':
      return eb('session_hash', '=', which.sessionHash)
  }
}

type RemoveExpired = {
  kind: 'signIn.removeExpired'
  tenant: TenantId
  artifacts: readonly Pick<ArtifactRow, 'kind' | 'id_hash'>[]
  before: Instant
}

export const removeExpiredArtifactsWrite = defineWrite<RemoveExpired, number>(
  'signIn.removeExpired',
  function* ({ tenant, artifacts, before }, context) {
    let removed = 0
    for (const { kind, id_hash } of artifacts) {
      const rows = yield* run(
        tables<ArtifactTables>(context.dialect)
          .deleteFrom('sign_in_artifact')
          .where('tenant', '=', tenant)
          .where('kind', '=', kind)
          .where('id_hash', '=', id_hash)
          // It may have been given a longer life since.
          .where('expires_at', '<', before)
          .returning('id_hash'),
      )
      removed += rows.length
    }
    return removed
  },
)

const selectSignIn = prepare((db: Kysely<ArtifactTables>, { tenant, signIn }: Record<string, string>) =>
  db
    .selectFrom('sign_in_artifact')
    .select('expires_at')
    .where('tenant', '=', tenant ?? '')
    .where('kind', '=', 'Grant')
    .where('id_hash', '=', signIn ?? ''),
)

/** Artifacts of one tenant, on either database. */
export function sqlArtifactStore(db: Database, tenant: TenantId): ArtifactStore {
  const artifacts = () =>
    tables<ArtifactTables>(db.dialect).selectFrom('sign_in_artifact').selectAll().where('tenant', '=', tenant)
  const first = (rows: ArtifactRow[]) => rows[0] && toArtifact(rows[0])
  return {
    keep: (artifact, audit) => db.write(keepArtifactWrite, { tenant, artifact, audit: audit ?? null }),
    find: async (kind, idHash) =>
      first(await db.read(artifacts().where('kind', '=', kind).where('id_hash', '=', idHash))),
    findSession: async (sessionHash) =>
      first(await db.read(artifacts().where('kind', '=', 'Session').where('session_hash', '=', sessionHash))),
    findByUserCode: async (userCodeHash) =>
      first(await db.read(artifacts().where('user_code_hash', '=', userCodeHash))),
    consume: (artifactKind, idHash) => db.write(consumeArtifactWrite, { tenant, artifactKind, idHash }),
    remove: (artifactKind, idHash) => db.write(removeArtifactWrite, { tenant, artifactKind, idHash }),
    end: (which, audit) => db.write(endSignInsWrite, { tenant, which, audit }),
    async isSignedIn(signIn, now) {
      const [row] = await db.read(selectSignIn(db.dialect, { tenant, signIn }))
      return row !== undefined && row.expires_at > now
    },
  }
}

/** What has expired in any tenant, on either database. */
export function sqlExpiredArtifacts(db: Database): ExpiredArtifacts {
  return {
    async removeExpired(before, limit) {
      const expired = await db.read(
        tables<ArtifactTables>(db.dialect)
          .selectFrom('sign_in_artifact')
          .select(['tenant', 'kind', 'id_hash'])
          .where('expires_at', '<', before)
          .orderBy('expires_at')
          .limit(limit),
      )
      return sumByTenant(expired, (tenant, rows) =>
        db.write(removeExpiredArtifactsWrite, {
          tenant,
          artifacts: rows.map(({ kind, id_hash }) => ({ kind, id_hash })),
          before,
        }),
      )
    },
  }
}

function toArtifact(row: ArtifactRow): StoredArtifact {
  const kind = ARTIFACT_KINDS.find((known) => known === row.kind)
  if (!kind) throw new Error(`There is a sign-in artifact of the unknown kind ${row.kind}.`)
  return {
    kind,
    idHash: row.id_hash,
    sealed: row.sealed,
    user: row.user_account as UserId | null,
    createdAt: row.created_at as Instant,
    expiresAt: row.expires_at as Instant,
    consumedAt: row.consumed_at as Instant | null,
  }
}
