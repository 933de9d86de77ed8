import {
  addMs,
  type DeviceGroupId,
  HRESULT_CANCELLED,
  HRESULT_TIMED_OUT,
  type Instant,
  isFinal,
  type MachineId,
  type TenantId,
} from '@fleetsweep/protocol'
import { type Kysely, sql } from 'kysely'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { countRows, readPage } from '../kit/odata/index.ts'
import { machineAmongReached, machineInList } from '../machine/index.ts'
import { reaches } from '../principal/index.ts'
import { type AskedScan, describeSilence, orderStop, readAskedScan, startScanRecord } from '../scan/index.ts'
import { findAnswered, keepAnswer } from './idempotency-key-writes.ts'
import type { StoredMachineAction } from './machine-action.ts'
import { MACHINE_ACTION_SOURCE } from './machine-action-fields.ts'
import {
  type MachineActionRow,
  type MachineActionTables,
  toMachineAction,
  toMachineActionRow,
} from './machine-action-row.ts'
import type {
  Cancellation,
  Cancelled,
  MachineActionStore,
  MachineActionTimeouts,
  NewScan,
  ScanRequested,
} from './machine-action-store.ts'
import { moveMachineAction, readForUpdate } from './move-machine-action.ts'

const TYPE = 'RunAntiVirusScan'

type Request = { kind: 'machineAction.requestScan'; tenant: TenantId; scan: NewScan }

/** A claim that was freed between two statements is simply claimed again; only a storm of cancels could need more. */
const CLAIM_ATTEMPTS = 3

export const requestScanWrite = defineWrite<Request, ScanRequested>(
  'machineAction.requestScan',
  function* ({ tenant, scan }, context) {
    const answered = yield* findAnswered(tenant, scan.idempotency, context)
    if (answered === 'keyReused') return { kind: 'keyReused' }
    if (answered !== undefined) return { kind: 'repeated', action: answered }
    const computerDnsName = yield* nameOfMachine(tenant, scan.machineId, context)
    if (computerDnsName === undefined) return { kind: 'machineUnknown' }
    for (let attempt = 1; attempt <= CLAIM_ATTEMPTS; attempt += 1) {
      if (yield* claim(tenant, scan, context)) {
        const action = yield* create(tenant, scan, computerDnsName, context)
        yield* keepAnswer(tenant, scan.idempotency, action.id, context)
        return { kind: 'created', action }
      }
      const active = yield* activeAction(tenant, scan, context)
      if (!active) continue
      if (active.status !== 'Pending' || !(yield* asksTheSame(tenant, active, scan, context))) {
        return { kind: 'refused', blockedBy: active.id }
      }
      yield* writeAudit(tenant, secondCall(scan.audit, active, scan), context)
      yield* keepAnswer(tenant, scan.idempotency, active.id, context)
      return { kind: 'existing', action: active }
    }
    throw new Error(`The scans of machine ${scan.machineId} change too fast to add one.`)
  },
)

/** True when a scan that waits would look at the same things in the same way. */
function* asksTheSame(
  tenant: TenantId,
  active: StoredMachineAction,
  scan: NewScan,
  context: WriteContext,
): WriteSteps<boolean> {
  if (active.scanType !== scan.scanType) return false
  const asked: AskedScan = yield* readAskedScan(tenant, active.id, context)
  return asked.rescan === scan.rescan && JSON.stringify(asked.paths) === JSON.stringify(scan.paths)
}

function* nameOfMachine(
  tenant: TenantId,
  machine: MachineId,
  context: WriteContext,
): WriteSteps<string | undefined> {
  const [row] = yield* run(selectName(context.dialect, { tenant, machine }))
  return row?.computer_dns_name
}

type NameTables = { machine: { tenant: string; id: string; computer_dns_name: string } }

const selectName = prepare(
  (db: Kysely<NameTables>, { tenant, machine }: { tenant: string; machine: string }) =>
    db
      .selectFrom('machine')
      .select('computer_dns_name')
      .where('tenant', '=', tenant)
      .where('id', '=', machine),
)

function* claim(tenant: TenantId, scan: NewScan, context: WriteContext): WriteSteps<boolean> {
  const row = { tenant, machine: scan.machineId, type: TYPE, action: scan.id }
  const rows = yield* run(insertClaim(context.dialect, row))
  return rows.length === 1
}

const insertClaim = prepare((db: Kysely<MachineActionTables>, row: MachineActionTables['active_action']) =>
  db
    .insertInto('active_action')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('action'),
)

function* create(
  tenant: TenantId,
  scan: NewScan,
  computerDnsName: string,
  context: WriteContext,
): WriteSteps<StoredMachineAction> {
  const action: StoredMachineAction = {
    id: scan.id,
    type: TYPE,
    machineId: scan.machineId,
    computerDnsName,
    requestor: scan.requestor,
    requestorComment: scan.comment,
    status: 'Pending',
    scanType: scan.scanType,
    externalId: scan.externalId,
    requestSource: scan.requestSource,
    createdAt: context.at,
    updatedAt: context.at,
    cancellation: null,
    errorHResult: 0,
    troubleshootInfo: null,
    expiresAt: addMs(context.at, scan.timeOutMs),
  }
  yield* run(insertAction(context.dialect, toMachineActionRow(tenant, action)))
  yield* startScanRecord(tenant, action, scan, context)
  yield* writeAudit(tenant, scan.audit, context)
  return action
}

const insertAction = prepare((db: Kysely<MachineActionTables>, row: MachineActionRow) =>
  db.insertInto('machine_action').values(row),
)

function* activeAction(
  tenant: TenantId,
  scan: NewScan,
  context: WriteContext,
): WriteSteps<StoredMachineAction | undefined> {
  const [claimed] = yield* run(
    tables<MachineActionTables>(context.dialect)
      .selectFrom('active_action')
      .select('action')
      .where('tenant', '=', tenant)
      .where('machine', '=', scan.machineId)
      .where('type', '=', TYPE),
  )
  if (!claimed) return undefined
  const action = yield* readForUpdate(tenant, claimed.action, context)
  return action && !isFinal(action.status) ? action : undefined
}

/** What the second caller said lives on in the audit only: the action keeps the first one's words. */
function secondCall(audit: AuditEntry, active: StoredMachineAction, scan: NewScan): AuditEntry {
  return {
    ...audit,
    operation: 'machineAction.requestAgain',
    target: active.id,
    detail: { ...audit.detail, comment: scan.comment, externalId: scan.externalId },
  }
}

type Cancel = { kind: 'machineAction.cancel'; tenant: TenantId; cancellation: Cancellation }

export const cancelWrite = defineWrite<Cancel, Cancelled>(
  'machineAction.cancel',
  function* ({ tenant, cancellation }, context) {
    const action = yield* readForUpdate(tenant, cancellation.id, context)
    if (!action) return { kind: 'unknown' }
    if (action.status === 'Cancelled') return { kind: 'alreadyCancelled', action }
    if (isFinal(action.status)) return { kind: 'alreadyEnded', action }
    const { requestor, comment } = cancellation
    const moved = yield* moveMachineAction(
      tenant,
      action,
      {
        status: 'Cancelled',
        errorHResult: HRESULT_CANCELLED,
        cancellation: { requestor, comment, at: context.at },
      },
      context,
    )
    yield* orderStop(tenant, action.id, context)
    yield* writeAudit(tenant, cancellation.audit, context)
    return { kind: 'cancelled', action: moved }
  },
)

type Expire = { kind: 'machineAction.expire'; tenant: TenantId; id: string; now: Instant; audit: AuditEntry }

export const expireWrite = defineWrite<Expire, StoredMachineAction | null>(
  'machineAction.expire',
  function* ({ tenant, id, now, audit }, context) {
    const action = yield* readForUpdate(tenant, id, context)
    if (!action || isFinal(action.status) || action.expiresAt > now) return null
    const troubleshootInfo =
      action.status === 'Pending'
        ? 'The machine did not connect in time to take the scan.'
        : yield* describeSilence(tenant, action, context)
    const change = { status: 'TimeOut', errorHResult: HRESULT_TIMED_OUT, troubleshootInfo } as const
    const moved = yield* moveMachineAction(tenant, action, change, context)
    yield* writeAudit(tenant, audit, context)
    return moved
  },
)

const selectById = prepare(
  (db: Kysely<MachineActionTables>, { tenant, id }: { tenant: string; id: string }) =>
    db.selectFrom('machine_action').selectAll().where('tenant', '=', tenant).where('id', '=', id),
)

type GroupTables = MachineActionTables & { machine: { tenant: string; id: string; device_group: number } }

/** With the group that its machine is in now. */
const selectWithGroup = prepare((db: Kysely<GroupTables>, { tenant, id }: { tenant: string; id: string }) =>
  db
    .selectFrom('machine_action')
    .innerJoin('machine', (join) =>
      join
        .onRef('machine.tenant', '=', 'machine_action.tenant')
        .onRef('machine.id', '=', 'machine_action.machine'),
    )
    .selectAll('machine_action')
    .select('machine.device_group')
    .where('machine_action.tenant', '=', tenant)
    .where('machine_action.id', '=', id),
)

/** Machine actions of one tenant, on either database. */
export function sqlMachineActionStore(db: Database, tenant: TenantId): MachineActionStore {
  return {
    requestScan: (scan) => db.write(requestScanWrite, { tenant, scan }),
    cancel: (cancellation) => db.write(cancelWrite, { tenant, cancellation }),
    async find(id) {
      const [row] = await db.read<MachineActionRow>(selectById(db.dialect, { tenant, id }))
      return row && toMachineAction(row)
    },
    async findWithin(id, reach) {
      if (reach.kind === 'allMachines') return this.find(id)
      const [row] = await db.read(selectWithGroup(db.dialect, { tenant, id }))
      return row && reaches(reach, row.device_group as DeviceGroupId) ? toMachineAction(row) : undefined
    },
    async list(query, reach) {
      const within = await machineInList(db, tenant, reach, 'machine_action', 'machine')
      const source = { ...MACHINE_ACTION_SOURCE, within }
      const page = await readPage<MachineActionRow>(db, tenant, 'machine_action', query, source)
      return { ...page, rows: page.rows.map(toMachineAction) }
    },
    count: (filter, reach) =>
      countRows(db, tenant, 'machine_action', filter, {
        ...MACHINE_ACTION_SOURCE,
        within: machineAmongReached(reach, tenant, 'machine_action.machine'),
      }),
  }
}

/** The time-outs of all tenants; `newId` names their audit entries. */
export function sqlMachineActionTimeouts(db: Database, newId: () => string): MachineActionTimeouts {
  return {
    async expire(now, limit) {
      const due = await db.read(
        tables<MachineActionTables>(db.dialect)
          .selectFrom('machine_action')
          .select(['tenant', 'id'])
          // In the words of the index: SQLite does not use a partial index for parameters.
          .where(sql<boolean>`status IN ('Pending', 'InProgress')`)
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .limit(limit),
      )
      const ended = await Promise.all(
        due.map(async ({ tenant, id }) => {
          const audit: AuditEntry = {
            id: newId(),
            principal: { kind: 'server', id: 'timer', name: 'time-out' },
            operation: 'machineAction.timeOut',
            target: id,
            detail: {},
          }
          const action = await db.write(expireWrite, { tenant: tenant as TenantId, id, now, audit })
          return action && { tenant: tenant as TenantId, action }
        }),
      )
      return ended.filter((end) => end !== null)
    },
  }
}
