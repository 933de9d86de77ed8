import type { Instant, TenantId } from '@fleetsweep/protocol'
import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { type Dialect, type Query, tables } from '../kit/db/query.ts'
import { defineWrite, run } from '../kit/db/write.ts'
import type { AuditEntry, AuditHead, SealedAuditEntry, StoredAuditEntry } from './audit-entry.ts'
import type { AuditBacklog, AuditQuery, AuditStore } from './audit-store.ts'
import { type AuditTables, auditTables, writeAuditEntries } from './write-audit.ts'

type Row = AuditTables['audit_entry']
type HeadTables = {
  audit_head: {
    tenant: string
    position: number
    follows: number
    hash: string
    signed_at: number
    key_id: string
    signature: string
  }
}

type RecordEntries = { kind: 'audit.record'; tenant: TenantId; entries: readonly AuditEntry[] }

export const recordAuditWrite = defineWrite<RecordEntries, void>(
  'audit.record',
  function* ({ tenant, entries }, context) {
    yield* writeAuditEntries(tenant, entries, context)
  },
)

type Seal = { kind: 'audit.seal'; tenant: TenantId } & Parameters<AuditStore['seal']>[0]

export const sealAuditWrite = defineWrite<Seal, 'sealed' | 'overtaken'>(
  'audit.seal',
  function* ({ tenant, follows, entries, head }, context) {
    const added = yield* run(
      insertHead(context.dialect, {
        tenant,
        follows,
        position: head.position,
        hash: head.hash,
        signed_at: head.signedAt,
        key_id: head.keyId,
        signature: head.signature,
      }),
    )
    // Another node was first. Where it still writes, PostgreSQL has waited here for its commit.
    if (added.length === 0) return 'overtaken'
    yield* run(placeEntries(context.dialect, tenant, entries))
    return 'sealed'
  },
)

const insertHead = prepare((db: Kysely<HeadTables>, head: HeadTables['audit_head']) =>
  db
    .insertInto('audit_head')
    .values(head)
    .onConflict((conflict) => conflict.doNothing())
    .returning('position'),
)

/** One statement for all of them; the last is repeated up to a power of two, so that few statements are prepared. */
function placeEntries(dialect: Dialect, tenant: TenantId, entries: Seal['entries']): Query<never> {
  const size = 2 ** Math.ceil(Math.log2(entries.length))
  const last = entries.at(-1)
  const values: PlaceValues = { tenant, from: entries[0]?.at ?? 0, to: last?.at ?? 0 }
  for (let index = 0; index < size; index += 1) {
    const entry = entries[index] ?? last
    values[`id${index}`] = entry?.id
    values[`position${index}`] = entry?.position
    values[`hash${index}`] = entry?.hash
  }
  const place = PLACE.get(size) ?? placeMany(size)
  PLACE.set(size, place)
  return place(dialect, values)
}

type PlaceValues = { tenant: string; from: number; to: number; [value: string]: unknown }

const PLACE = new Map<number, ReturnType<typeof placeMany>>()

function placeMany(size: number) {
  return prepare<AuditTables, PlaceValues, never>((db, { tenant, from, to, ...values }, dialect) => {
    const rows = Array.from({ length: size }, (_, index) => {
      const [id, position, hash] = [`id${index}`, `position${index}`, `hash${index}`].map(
        (name) => values[name],
      )
      return sql`(${id}, CAST(${position} AS BIGINT), ${hash})`
    })
    // By the ids alone PostgreSQL reads every entry of the tenant, because it cannot tell how many they are. The moments
    // say nothing new, and lead it to the few entries without a place. SQLite goes by the ids, which is right.
    const among =
      dialect === 'postgres'
        ? sql`AND audit_entry.position IS NULL AND audit_entry.at BETWEEN ${from} AND ${to}`
        : sql``
    const statement = sql<never>`
      WITH placed (id, position, hash) AS (VALUES ${sql.join(rows)})
      UPDATE audit_entry SET position = placed.position, hash = placed.hash
      FROM placed WHERE audit_entry.tenant = ${tenant} AND audit_entry.id = placed.id ${among}`
    return { compile: () => statement.compile(db) }
  })
}

/** The audit of one tenant, on either database. */
export function sqlAuditStore(db: Database, tenant: TenantId): AuditStore {
  const entries = () =>
    auditTables(db.dialect).selectFrom('audit_entry').selectAll().where('tenant', '=', tenant)
  const unsealed = () => entries().where('position', 'is', null)
  const heads = () =>
    tables<HeadTables>(db.dialect).selectFrom('audit_head').selectAll().where('tenant', '=', tenant)
  return {
    record: (added) => db.write(recordAuditWrite, { tenant, entries: added }),
    list: async (query) => (await db.read(listQuery(entries(), query))).map(toEntry),
    unsealed: async (limit) =>
      (await db.read(unsealed().orderBy('at').orderBy('id').limit(limit))).map(toEntry),
    async countUnsealed() {
      const counted = unsealed()
        .clearSelect()
        .select(({ fn }) => fn.countAll<number>().as('count'))
      return (await db.read(counted))[0]?.count ?? 0
    },
    async newestHead() {
      return (await db.read(heads().orderBy('position', 'desc').limit(1))).map(toHead)[0]
    },
    async seal(seal) {
      // A transaction of its own: nobody else's write shall wait for a whole chunk.
      const [result] = await db.apply([{ kind: sealAuditWrite.kind, tenant, ...seal } as Seal])
      if (!result || 'error' in result) {
        throw new Error(`The audit was not sealed: ${result?.error ?? 'there is no outcome'}`)
      }
      return result.outcome === 'sealed' ? 'sealed' : 'overtaken'
    },
    async sealed({ after, through, limit }) {
      const query = entries()
        .where('position', '>=', after.position)
        .where('position', '<=', through)
        .where(({ eb, or }) => or([eb('position', '>', after.position), eb('id', '>', after.id)]))
        .orderBy('position')
        .orderBy('id')
        .limit(limit)
      return (await db.read(query)).map(toEntry).filter(isSealed)
    },
    async heads({ after, through, limit }) {
      const query = heads().where('position', '>', after).where('position', '<=', through)
      return (await db.read(query.orderBy('position').limit(limit))).map(toHead)
    },
    async beyondNewestHead() {
      // In one statement, so that what is sealed meanwhile is in both halves of it or in none.
      const newest = sql<number>`(SELECT COALESCE(MAX(position), 0) FROM audit_head WHERE tenant = ${tenant})`
      const [range] = await db.read(
        auditTables(db.dialect)
          .selectFrom('audit_entry')
          .select(({ fn }) => [
            fn.min<number | null>('position').as('from'),
            fn.max<number | null>('position').as('through'),
          ])
          .where('tenant', '=', tenant)
          .where('position', '>', newest),
      )
      if (!range || range.from === null || range.through === null) return undefined
      return { from: range.from, through: range.through }
    },
  }
}

/** All tenants' audit, on either database. */
export function sqlAuditBacklog(db: Database): AuditBacklog {
  return {
    async tenants() {
      const query = auditTables(db.dialect)
        .selectFrom('audit_entry')
        .select('tenant')
        .distinct()
        .where('position', 'is', null)
      return (await db.read(query)).map(({ tenant }) => tenant as TenantId)
    },
  }
}

function listQuery(
  entries: SelectQueryBuilder<AuditTables, 'audit_entry', Row>,
  { principal, operation, target, from, to, after, limit }: AuditQuery,
) {
  let query = entries.orderBy('at', 'desc').orderBy('id', 'desc').limit(limit)
  if (principal !== undefined) query = query.where('principal_id', '=', principal)
  if (operation !== undefined) query = query.where('operation', '=', operation)
  if (target !== undefined) query = query.where('target', '=', target)
  if (from !== undefined) query = query.where('at', '>=', from)
  if (to !== undefined) query = query.where('at', '<', to)
  if (after !== undefined) {
    query = query.where(({ eb, and, or }) =>
      or([eb('at', '<', after.at), and([eb('at', '=', after.at), eb('id', '<', after.id)])]),
    )
  }
  return query
}

function toEntry(row: Row): StoredAuditEntry {
  return {
    id: row.id,
    at: row.at as Instant,
    principal: { kind: row.principal_kind, id: row.principal_id, name: row.principal_name },
    operation: row.operation,
    target: row.target,
    detail: row.detail,
    position: row.position,
    hash: row.hash,
  }
}

function isSealed(entry: StoredAuditEntry): entry is SealedAuditEntry {
  return entry.position !== null
}

function toHead(row: HeadTables['audit_head']): AuditHead {
  return {
    position: row.position,
    hash: row.hash,
    signedAt: row.signed_at as Instant,
    keyId: row.key_id,
    signature: row.signature,
  }
}
