import {
  ATTACHMENT_PIECE_BYTES,
  type Instant,
  type MachineActionId,
  type TenantId,
} from '@fleetsweep/protocol'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { NO_TENANT } from '../tenant/index.ts'
import type { BlobStore, NewPiece, OldAttachments } from './blob-store.ts'

type AttachmentRow = {
  tenant: string
  action: string
  kind: string
  machine: string
  sha256: string
  size_bytes: number
  received_bytes: number
  created_at: number
  completed_at: number | null
}

type AttachmentTables = {
  attachment: AttachmentRow
  attachment_piece: { tenant: string; action: string; kind: string; at_byte: number; content: Uint8Array }
}

const KIND = 'notScanned'

/** Any fixed number, so that these locks are no others. */
const QUOTA_SEED = 1_872_640_317

type Append = { kind: 'attachment.append'; tenant: TenantId; piece: NewPiece }

export const appendPieceWrite = defineWrite<Append, Awaited<ReturnType<BlobStore['append']>>>(
  'attachment.append',
  function* ({ tenant, piece }, context) {
    const { actionId, atByte, content } = piece
    const found = yield* findForUpdate(tenant, actionId, context)
    if (!found && !(yield* begin(tenant, piece, context))) return { kind: 'overQuota' }
    const receivedBytes = found?.received_bytes ?? 0
    const isNext =
      atByte === receivedBytes &&
      content.length === Math.min(ATTACHMENT_PIECE_BYTES, piece.sizeBytes - atByte) &&
      content.length > 0
    if (!isNext) return { kind: 'elsewhere', receivedBytes }
    const db = tables<AttachmentTables>(context.dialect)
    const row = { tenant, action: actionId, kind: KIND, at_byte: atByte, content }
    yield* run(db.insertInto('attachment_piece').values(row))
    yield* run(ofAction(tenant, actionId, context).set({ received_bytes: atByte + content.length }))
    return { kind: 'stored', receivedBytes: atByte + content.length }
  },
)

function ofAction(tenant: TenantId, actionId: string, { dialect }: WriteContext) {
  return tables<AttachmentTables>(dialect)
    .updateTable('attachment')
    .where('tenant', '=', tenant)
    .where('action', '=', actionId)
    .where('kind', '=', KIND)
}

function* findForUpdate(
  tenant: TenantId,
  actionId: string,
  { dialect }: WriteContext,
): WriteSteps<AttachmentRow | undefined> {
  const query = tables<AttachmentTables>(dialect)
    .selectFrom('attachment')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('action', '=', actionId)
    .where('kind', '=', KIND)
  const [row] = yield* run(dialect === 'postgres' ? query.forUpdate() : query)
  return row
}

/**
 * One after the other within a tenant, until the end of each transaction: of two nodes that begin at once, neither would
 * see what the other takes. SQLite has one writer and needs no lock.
 *
 * @returns false when machine or tenant would have too much
 */
function* begin(
  tenant: TenantId,
  { actionId, machineId, sha256, sizeBytes, quotas }: NewPiece,
  { dialect, at }: WriteContext,
): WriteSteps<boolean> {
  if (dialect === 'postgres') yield* run(lockQuota(dialect, { tenant }))
  const db = tables<AttachmentTables>(dialect)
  const all = db
    .selectFrom('attachment')
    .select(({ fn }) => fn.sum<string | number | null>('size_bytes').as('bytes'))
    .where('tenant', '=', tenant)
  const [[own], [everybodys]] = [yield* run(all.where('machine', '=', machineId)), yield* run(all)]
  if (Number(own?.bytes ?? 0) + sizeBytes > quotas.perMachineBytes) return false
  if (Number(everybodys?.bytes ?? 0) + sizeBytes > quotas.perTenantBytes) return false
  yield* run(
    db
      .insertInto('attachment')
      .values({
        tenant,
        action: actionId,
        kind: KIND,
        machine: machineId,
        sha256,
        size_bytes: sizeBytes,
        received_bytes: 0,
        created_at: at,
        completed_at: null,
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
  return true
}

const lockQuota = prepare((db: Kysely<unknown>, { tenant }: { tenant: string }) =>
  db.selectNoFrom(sql`pg_advisory_xact_lock(hashtextextended(${tenant}, ${sql.lit(QUOTA_SEED)}))`.as('held')),
)

type Settle = { kind: 'attachment.complete'; tenant: TenantId; actionId: MachineActionId }

export const completeAttachmentWrite = defineWrite<Settle, void>(
  'attachment.complete',
  function* ({ tenant, actionId }, context) {
    yield* run(
      ofAction(tenant, actionId, context).set({ completed_at: context.at }).where('completed_at', 'is', null),
    )
  },
)

type Reset = { kind: 'attachment.reset'; tenant: TenantId; actionId: MachineActionId }

export const resetAttachmentWrite = defineWrite<Reset, void>(
  'attachment.reset',
  function* ({ tenant, actionId }, context) {
    const found = yield* findForUpdate(tenant, actionId, context)
    if (!found || found.completed_at !== null) return
    yield* remove({ tenant, action: actionId }, context)
  },
)

type Forget = { kind: 'attachment.forget'; tenant: TenantId; before: Instant; limit: number }

export const forgetAttachmentsWrite = defineWrite<Forget, number>(
  'attachment.forget',
  function* ({ before, limit }, context) {
    const old = yield* run(
      tables<AttachmentTables>(context.dialect)
        .selectFrom('attachment')
        .select(['tenant', 'action'])
        .where('created_at', '<', before)
        .orderBy('created_at')
        .limit(limit),
    )
    for (const each of old) yield* remove(each, context)
    return old.length
  },
)

function* remove(of: { tenant: string; action: string }, { dialect }: WriteContext): WriteSteps<void> {
  for (const table of ['attachment_piece', 'attachment'] as const) {
    yield* run(
      tables<AttachmentTables>(dialect)
        .deleteFrom(table)
        .where('tenant', '=', of.tenant)
        .where('action', '=', of.action)
        .where('kind', '=', KIND),
    )
  }
}

/** Attachments of one tenant in rows of at most 1 MiB, on either database. */
export function sqlBlobStore(db: Database, tenant: TenantId): BlobStore {
  const builder = tables<AttachmentTables>(db.dialect)
  return {
    async find(actionId) {
      const [row] = await db.read(
        builder
          .selectFrom('attachment')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('action', '=', actionId)
          .where('kind', '=', KIND),
      )
      return (
        row && {
          sha256: row.sha256,
          sizeBytes: row.size_bytes,
          receivedBytes: row.received_bytes,
          isComplete: row.completed_at !== null,
        }
      )
    },
    append: (piece) => db.write(appendPieceWrite, { tenant, piece }),
    complete: (actionId) => db.write(completeAttachmentWrite, { tenant, actionId }),
    reset: (actionId) => db.write(resetAttachmentWrite, { tenant, actionId }),
    async *read(actionId) {
      for (let atByte = 0; ; ) {
        const [row] = await db.read(
          builder
            .selectFrom('attachment_piece')
            .select('content')
            .where('tenant', '=', tenant)
            .where('action', '=', actionId)
            .where('kind', '=', KIND)
            .where('at_byte', '=', atByte),
        )
        if (!row) return
        yield row.content
        atByte += row.content.length
      }
    },
  }
}

/** Attachments of all tenants that are too old, on either database. */
export function sqlOldAttachments(db: Database): OldAttachments {
  return {
    forget: (before, limit) => db.write(forgetAttachmentsWrite, { tenant: NO_TENANT, before, limit }),
  }
}
