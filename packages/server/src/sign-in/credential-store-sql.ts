import { addMs, type Instant, type TenantId, type UserId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { raiseSecurityEpoch } from '../tenant/index.ts'
import type { CredentialStore } from './credential-store.ts'

type CredentialRow = {
  tenant: string
  user_account: string
  password_hash: string | null
  password_set_at: number | null
  valid_from: number
}
type CredentialTables = {
  user_credential: CredentialRow
  password_link: {
    tenant: string
    secret_hash: string
    user_account: string
    created_at: number
    expires_at: number
  }
  sign_in_artifact: { tenant: string; user_account: string | null }
}

type Rehash = { kind: 'credential.rehash'; tenant: TenantId; user: UserId; from: string; to: string }

export const rehashWrite = defineWrite<Rehash, void>(
  'credential.rehash',
  function* ({ tenant, user, from, to }, context) {
    yield* run(
      tables<CredentialTables>(context.dialect)
        .updateTable('user_credential')
        .set({ password_hash: to })
        .where('tenant', '=', tenant)
        .where('user_account', '=', user)
        .where('password_hash', '=', from),
    )
  },
)

type AddLink = {
  kind: 'credential.addLink'
  tenant: TenantId
  user: UserId
  secretHash: string
  lifeMs: number
  audit: AuditEntry
}

export const addLinkWrite = defineWrite<AddLink, Instant>(
  'credential.addLink',
  function* ({ tenant, user, secretHash, lifeMs, audit }, context) {
    const expiresAt = addMs(context.at, lifeMs)
    yield* removeLinks(tenant, user, context)
    yield* run(
      tables<CredentialTables>(context.dialect).insertInto('password_link').values({
        tenant,
        secret_hash: secretHash,
        user_account: user,
        created_at: context.at,
        expires_at: expiresAt,
      }),
    )
    yield* writeAudit(tenant, audit, context)
    return expiresAt
  },
)

type UseLink = {
  kind: 'credential.useLink'
  tenant: TenantId
  user: UserId
  secretHash: string
  passwordHash: string
  audit: AuditEntry
}

export const useLinkWrite = defineWrite<UseLink, 'used' | 'gone'>(
  'credential.useLink',
  function* ({ tenant, user, secretHash, passwordHash, audit }, context) {
    const used = yield* run(
      tables<CredentialTables>(context.dialect)
        .deleteFrom('password_link')
        .where('tenant', '=', tenant)
        .where('secret_hash', '=', secretHash)
        .where('user_account', '=', user)
        .where('expires_at', '>', context.at)
        .returning('secret_hash'),
    )
    if (used.length === 0) return 'gone'
    yield* setCredential(
      tenant,
      user,
      { password_hash: passwordHash, password_set_at: context.at, valid_from: context.at },
      context,
    )
    yield* endAll(tenant, user, context)
    yield* writeAudit(tenant, audit, context)
    return 'used'
  },
)

type SignOutEverywhere = {
  kind: 'credential.signOutEverywhere'
  tenant: TenantId
  user: UserId
  audit: AuditEntry
}

export const signOutEverywhereWrite = defineWrite<SignOutEverywhere, void>(
  'credential.signOutEverywhere',
  function* ({ tenant, user, audit }, context) {
    yield* setCredential(tenant, user, { valid_from: context.at }, context)
    yield* endAll(tenant, user, context)
    yield* writeAudit(tenant, audit, context)
  },
)

function* setCredential(
  tenant: TenantId,
  user: UserId,
  set: Pick<CredentialRow, 'valid_from'> & Partial<CredentialRow>,
  { dialect }: WriteContext,
): WriteSteps<void> {
  yield* run(
    tables<CredentialTables>(dialect)
      .insertInto('user_credential')
      .values({ tenant, user_account: user, password_hash: null, password_set_at: null, ...set })
      .onConflict((conflict) => conflict.columns(['tenant', 'user_account']).doUpdateSet(set)),
  )
}

/** Part of deleting somebody: no password, link or sign-in of theirs is kept. */
export function* forgetCredentials(tenant: TenantId, user: UserId, context: WriteContext): WriteSteps<void> {
  yield* endAll(tenant, user, context)
  yield* run(
    tables<CredentialTables>(context.dialect)
      .deleteFrom('user_credential')
      .where('tenant', '=', tenant)
      .where('user_account', '=', user),
  )
}

function* removeLinks(tenant: TenantId, user: UserId, { dialect }: WriteContext): WriteSteps<void> {
  yield* run(
    tables<CredentialTables>(dialect)
      .deleteFrom('password_link')
      .where('tenant', '=', tenant)
      .where('user_account', '=', user),
  )
}

function* endAll(tenant: TenantId, user: UserId, context: WriteContext): WriteSteps<void> {
  yield* removeLinks(tenant, user, context)
  yield* run(
    tables<CredentialTables>(context.dialect)
      .deleteFrom('sign_in_artifact')
      .where('tenant', '=', tenant)
      .where('user_account', '=', user),
  )
  yield* raiseSecurityEpoch(tenant, context)
}

/** Part of the write that deletes somebody: nothing that they could prove themselves with is left, nor any sign-in. */
export function* forgetPerson(tenant: TenantId, user: UserId, context: WriteContext): WriteSteps<void> {
  yield* endAll(tenant, user, context)
  yield* run(
    tables<CredentialTables>(context.dialect)
      .deleteFrom('user_credential')
      .where('tenant', '=', tenant)
      .where('user_account', '=', user),
  )
}

/** Passwords and links of one tenant, on either database. */
export function sqlCredentialStore(db: Database, tenant: TenantId): CredentialStore {
  const builder = tables<CredentialTables>(db.dialect)
  return {
    async find(user) {
      const [row] = await db.read(
        builder
          .selectFrom('user_credential')
          .select(['password_hash', 'valid_from'])
          .where('tenant', '=', tenant)
          .where('user_account', '=', user),
      )
      return row && { passwordHash: row.password_hash, validFrom: row.valid_from as Instant }
    },
    rehash: (user, from, to) => db.write(rehashWrite, { tenant, user, from, to }),
    addLink: async (link, audit) => ({ expiresAt: await db.write(addLinkWrite, { tenant, ...link, audit }) }),
    async findLink(secretHash, now) {
      const [row] = await db.read(
        builder
          .selectFrom('password_link')
          .select('user_account')
          .where('tenant', '=', tenant)
          .where('secret_hash', '=', secretHash)
          .where('expires_at', '>', now),
      )
      return row && (row.user_account as UserId)
    },
    useLink: (link, audit) => db.write(useLinkWrite, { tenant, ...link, audit }),
    signOutEverywhere: (user, audit) => db.write(signOutEverywhereWrite, { tenant, user, audit }),
  }
}
