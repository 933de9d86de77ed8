import { addMs, type Instant, type Inventory, type MachineId, type TenantId } from '@fleetsweep/protocol'
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { canonicalAddress, isNobodys } from '../kit/network.ts'
import { NO_TENANT } from '../tenant/index.ts'
import type { AddressesWithin, OldAddresses } from './machine-store.ts'

/**
 * Spans in which machines had addresses. One without an end goes on until its machine was last heard of, so that a
 * heartbeat writes none.
 */
type AddressTables = {
  machine_address: {
    tenant: string
    machine: string
    /** As `canonicalAddress` spells it. */
    ip: string
    first_seen: number
    last_seen: number | null
  }
}

/** How far from the moment that is asked for a machine may have been seen with an address. */
export const SEEN_WITHIN_MS = 15 * 60_000
/** Within it no moment is further than `SEEN_WITHIN_MS` from both ends: to bridge such a gap changes no answer. */
const BRIDGED_MS = 2 * SEEN_WITHIN_MS
/** Spans kept of one machine, whatever it tells. */
const MAX_SPANS = 1_000

/**
 * Part of every write that takes an inventory, after it has changed the machine's row (which others then wait for).
 *
 * @param told.lastHeard when the machine was heard of before; `undefined` for a new one
 */
export function* noteAddresses(
  tenant: TenantId,
  told: { id: MachineId; ipAddresses: Inventory['ipAddresses']; lastHeard: Instant | undefined },
  context: WriteContext,
): WriteSteps<void> {
  const { id, lastHeard } = told
  const has = addressesOf(told.ipAddresses)
  if (lastHeard === undefined) return yield* addSpans(tenant, id, [...has], context)
  const open = (yield* run(selectOpen(context.dialect, { tenant, machine: id }))).map(({ ip }) => ip)
  const wasAway = lastHeard < addMs(context.at, -BRIDGED_MS)
  const over = open.filter((ip) => wasAway || !has.has(ip))
  if (over.length > 0) yield* endSpans(tenant, { id, at: lastHeard, only: over }, context)
  const goOn = new Set(open.filter((ip) => !over.includes(ip)))
  const added = [...has].filter((ip) => !goOn.has(ip))
  if (added.length === 0) return
  yield* beginSpans(tenant, id, added, context)
  yield* run(removeOldest(context.dialect, { tenant, machine: id }))
}

/** What an inventory says of addresses in use, each once; those that are nobody's are left out. */
function addressesOf(told: Inventory['ipAddresses']): Set<string> {
  const used = told.filter(
    ({ type, operationalStatus }) => type !== 'SoftwareLoopback' && operationalStatus === 'Up',
  )
  const canonical = used.map(({ ipAddress }) => canonicalAddress(ipAddress))
  return new Set(canonical.filter((ip) => ip !== undefined && !isNobodys(ip))) as Set<string>
}

/**
 * Ends the spans of a machine that go on: all of them, or those of some addresses. Part of the write that notes a new
 * connection: until that has told its addresses, nobody knows which of the old ones it still has.
 */
export function* endSpans(
  tenant: TenantId,
  { id, at, only }: { id: MachineId; at: Instant; only?: readonly string[] },
  { dialect }: WriteContext,
): WriteSteps<void> {
  const spans = tables<AddressTables>(dialect)
    .updateTable('machine_address')
    .set({ last_seen: at })
    .where('tenant', '=', tenant)
    .where('machine', '=', id)
    .where(sql<boolean>`last_seen IS NULL`)
  yield* run(only ? spans.where('ip', 'in', only) : spans)
}

function* beginSpans(
  tenant: TenantId,
  machine: MachineId,
  ips: readonly string[],
  context: WriteContext,
): WriteSteps<void> {
  const { dialect, at } = context
  const recent = yield* run(
    tables<AddressTables>(dialect)
      .selectFrom('machine_address')
      .select(['ip', 'first_seen'])
      .where('tenant', '=', tenant)
      .where('machine', '=', machine)
      .where('ip', 'in', ips)
      .where('last_seen', '>=', addMs(at, -BRIDGED_MS))
      .orderBy('first_seen'),
  )
  const latest = new Map(recent.map((span) => [span.ip, span.first_seen]))
  for (const [ip, first_seen] of latest) {
    yield* run(continueSpan(dialect, { tenant, machine, ip, first_seen }))
  }
  const fresh = ips.filter((ip) => !latest.has(ip))
  yield* addSpans(tenant, machine, fresh, context)
}

function* addSpans(
  tenant: TenantId,
  machine: MachineId,
  ips: readonly string[],
  { dialect, at }: WriteContext,
): WriteSteps<void> {
  if (ips.length === 0) return
  const rows = ips.map((ip) => ({ tenant, machine, ip, first_seen: at, last_seen: null }))
  yield* run(tables<AddressTables>(dialect).insertInto('machine_address').values(rows))
}

type OfMachine = { tenant: string; machine: string }

const selectOpen = prepare((db: Kysely<AddressTables>, { tenant, machine }: OfMachine) =>
  db
    .selectFrom('machine_address')
    .select('ip')
    .where('tenant', '=', tenant)
    .where('machine', '=', machine)
    .where(sql<boolean>`last_seen IS NULL`),
)

const continueSpan = prepare(
  (
    db: Kysely<AddressTables>,
    { tenant, machine, ip, first_seen }: OfMachine & { ip: string; first_seen: number },
  ) =>
    db
      .updateTable('machine_address')
      .set({ last_seen: null })
      .where('tenant', '=', tenant)
      .where('machine', '=', machine)
      .where('ip', '=', ip)
      .where('first_seen', '=', first_seen),
)

const removeOldest = prepare((db: Kysely<AddressTables>, { tenant, machine }: OfMachine) =>
  db
    .deleteFrom('machine_address')
    .where('tenant', '=', tenant)
    .where('machine', '=', machine)
    .where('last_seen', 'is not', null)
    .where('first_seen', '<', ({ selectFrom }) =>
      selectFrom('machine_address as newer')
        .select('newer.first_seen')
        .where('newer.tenant', '=', tenant)
        .where('newer.machine', '=', machine)
        .orderBy('newer.first_seen', 'desc')
        .limit(sql.lit(1))
        .offset(sql.lit(MAX_SPANS)),
    ),
)

/** The condition that a row of `machine` had an address at some moment of a range. */
export function hadAddress(tenant: TenantId, { ip, from, to }: AddressesWithin): RawBuilder<SqlBool> {
  return sql`machine.id in (
    select had.machine from machine_address as had
    join machine as holder on holder.tenant = had.tenant and holder.id = had.machine
    where had.tenant = ${tenant} and had.ip = ${ip} and had.first_seen <= ${to}
      and coalesce(had.last_seen, holder.last_seen) >= ${from})`
}

type Forget = { kind: 'machine.forgetAddresses'; tenant: TenantId; before: Instant; limit: number }

export const forgetAddressesWrite = defineWrite<Forget, number>(
  'machine.forgetAddresses',
  function* ({ before, limit }, context) {
    const removed = yield* run(removeEnded(context.dialect, { before, limit }))
    return removed.length
  },
)

const removeEnded = prepare(
  (db: Kysely<AddressTables>, { before, limit }: { before: number; limit: number }) =>
    db
      .deleteFrom('machine_address')
      .where(({ eb, refTuple, selectFrom }) =>
        eb(
          refTuple('tenant', 'machine', 'ip', 'first_seen'),
          'in',
          selectFrom('machine_address')
            .select(['tenant', 'machine', 'ip', 'first_seen'])
            .where('last_seen', 'is not', null)
            .where('last_seen', '<', before)
            .orderBy('last_seen')
            .limit(limit)
            .$asTuple('tenant', 'machine', 'ip', 'first_seen'),
        ),
      )
      .returning('machine'),
)

/** Addresses of all tenants' machines that nobody can ask for any more, on either database. */
export function sqlOldAddresses(db: Database): OldAddresses {
  return {
    forget: (before, limit) => db.write(forgetAddressesWrite, { tenant: NO_TENANT, before, limit }),
  }
}
