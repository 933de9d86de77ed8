import {
  addMs,
  type DeviceGroupId,
  type Instant,
  isFinal,
  type MachineActionId,
  type TenantId,
} from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { writeAudit } from '../audit/index.ts'
import type { Database } from '../kit/db/database.ts'
import { prepare } from '../kit/db/prepare.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { findKeptAnswer, keepAnswer } from '../machine-action/index.ts'
import { reaches } from '../principal/index.ts'
import { whyNotRestored, whyNotTaken } from '../quarantine/index.ts'
import { type AskedTask, type StoredMachineTask, subjectOf } from './machine-task.ts'
import {
  isOpen,
  type MachineTaskRow,
  type MachineTaskTables,
  toMachineTask,
  toMachineTaskRow,
} from './machine-task-row.ts'
import type { MachineTaskStore, MachineTaskTimeouts, NewTask, TaskRequested } from './machine-task-store.ts'
import { endTask, readTaskForUpdate } from './move-machine-task.ts'
import { takeTaskEventWrite } from './take-task-event.ts'

type Request = { kind: 'machineTask.request'; tenant: TenantId; task: NewTask }

/** One that ended between two statements is simply asked for again; only a storm of endings could need more. */
const ATTEMPTS = 3
/** Well below what an agent takes; the rest follows when these have ended. */
const OWED_AT_ONCE = 100

export const requestTaskWrite = defineWrite<Request, TaskRequested>(
  'machineTask.request',
  function* ({ tenant, task: asked }, context) {
    const kept = yield* findKeptAnswer(tenant, asked.idempotency, context)
    if (kept.kind === 'keyReused') return { kind: 'keyReused' }
    if (kept.kind === 'answered') {
      const task = yield* readTaskForUpdate(tenant, kept.action, context)
      if (task) return { kind: 'repeated', task }
    }
    const why = yield* whyNeedless(tenant, asked.asked, context)
    if (why !== undefined) return { kind: 'needless', why }
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const outcome = (yield* create(tenant, asked, context)) ?? (yield* join(tenant, asked, context))
      if (outcome === undefined) continue
      yield* keepAnswer(tenant, asked.idempotency, outcome.task.id, context)
      return outcome
    }
    throw new Error(`The tasks of machine ${asked.machineId} change too fast to add one.`)
  },
)

function* whyNeedless(
  tenant: TenantId,
  asked: AskedTask,
  context: WriteContext,
): WriteSteps<string | undefined> {
  switch (asked.verb) {
    case 'quarantine':
      return yield* whyNotTaken(tenant, asked.detectionId, context)
    case 'restore':
      return yield* whyNotRestored(tenant, asked.quarantineId, context)
    case 'updateSignatures':
      return undefined
  }
}

/** The new task; `undefined` when the same is open already. */
function* create(
  tenant: TenantId,
  { timeOutMs, idempotency: _, audit, ...asked }: NewTask,
  context: WriteContext,
): WriteSteps<(TaskRequested & { kind: 'created' }) | undefined> {
  const task: StoredMachineTask = {
    ...asked,
    status: 'Pending',
    createdAt: context.at,
    updatedAt: context.at,
    endedAt: null,
    expiresAt: addMs(context.at, timeOutMs),
    lastEvent: 0,
    quarantineId: asked.asked.verb === 'restore' ? asked.asked.quarantineId : null,
    sentence: null,
    reportedLate: false,
  }
  const [added] = yield* run(insertTask(context.dialect, toMachineTaskRow(tenant, task)))
  if (!added) return undefined
  yield* writeAudit(tenant, audit, context)
  return { kind: 'created', task }
}

const insertTask = prepare((db: Kysely<MachineTaskTables>, row: MachineTaskRow) =>
  db
    .insertInto('machine_task')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id'),
)

/** The same task, which is open; `undefined` when it has ended meanwhile. */
function* join(
  tenant: TenantId,
  { machineId, asked, audit, comment }: NewTask,
  context: WriteContext,
): WriteSteps<(TaskRequested & { kind: 'existing' }) | undefined> {
  const [open] = yield* run(
    tables<MachineTaskTables>(context.dialect)
      .selectFrom('machine_task')
      .select('id')
      .where('tenant', '=', tenant)
      .where('machine', '=', machineId)
      .where('verb', '=', asked.verb)
      .where('subject', '=', subjectOf(asked))
      .where(isOpen),
  )
  const task = open && (yield* readTaskForUpdate(tenant, open.id, context))
  if (!task || isFinal(task.status)) return undefined
  // What the second caller said lives on in the audit only: the task keeps the first one's words.
  const detail = { ...audit.detail, comment }
  yield* writeAudit(
    tenant,
    { ...audit, operation: 'machineTask.requestAgain', target: task.id, detail },
    context,
  )
  return { kind: 'existing', task }
}

type Expire = { kind: 'machineTask.expire'; tenant: TenantId; id: string; now: Instant }

export const expireTaskWrite = defineWrite<Expire, StoredMachineTask | null>(
  'machineTask.expire',
  function* ({ tenant, id, now }, context) {
    const task = yield* readTaskForUpdate(tenant, id, context)
    if (!task || isFinal(task.status) || task.expiresAt > now) return null
    const sentence =
      task.status === 'Pending'
        ? 'The machine did not connect in time to take the task.'
        : 'The machine took the task, then was not heard of in time.'
    return yield* endTask(tenant, task, { status: 'TimeOut', sentence }, context, TIMER)
  },
)

const TIMER = { kind: 'server', id: 'timer', name: 'time-out' } as const

const selectOwed = prepare(
  (db: Kysely<MachineTaskTables>, { tenant, machineId }: { tenant: string; machineId: string }) =>
    db
      .selectFrom('machine_task')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('machine', '=', machineId)
      .where(isOpen)
      .where('status', '=', 'Pending')
      .orderBy('created_at')
      .orderBy('id')
      .limit(OWED_AT_ONCE),
)

type WithGroup = MachineTaskTables & { machine: { tenant: string; id: string; device_group: number } }

/** Tasks of one tenant, on either database. */
export function sqlMachineTaskStore(db: Database, tenant: TenantId): MachineTaskStore {
  const select = () =>
    tables<WithGroup>(db.dialect).selectFrom('machine_task').where('machine_task.tenant', '=', tenant)
  return {
    request: (task) => db.write(requestTaskWrite, { tenant, task }),
    takeEvent: (incoming) => db.write(takeTaskEventWrite, { tenant, incoming }),
    async listOwed(machineId) {
      const rows = await db.read(selectOwed(db.dialect, { tenant, machineId }))
      return rows.map(toMachineTask).map(({ id, asked, requestor, comment }) => ({
        ...asked,
        actionId: id,
        requestor,
        comment,
      }))
    },
    async find(id: MachineActionId) {
      const [row] = await db.read<MachineTaskRow>(select().selectAll().where('id', '=', id))
      return row && toMachineTask(row)
    },
    async findWithin(id, reach) {
      const [row] = await db.read(
        select()
          .innerJoin('machine', (join) =>
            join
              .onRef('machine.tenant', '=', 'machine_task.tenant')
              .onRef('machine.id', '=', 'machine_task.machine'),
          )
          .selectAll('machine_task')
          .select('machine.device_group')
          .where('machine_task.id', '=', id),
      )
      return row && reaches(reach, row.device_group as DeviceGroupId) ? toMachineTask(row) : undefined
    },
    async list({ machineId, after, limit }) {
      let query = select()
        .selectAll()
        .where('machine', '=', machineId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
      if (after !== undefined) {
        query = query.where((eb) =>
          eb.or([
            eb('created_at', '<', after.createdAt),
            eb.and([eb('created_at', '=', after.createdAt), eb('id', '<', after.id)]),
          ]),
        )
      }
      return (await db.read<MachineTaskRow>(query)).map(toMachineTask)
    },
  }
}

/** The time-outs of tasks of all tenants. */
export function sqlMachineTaskTimeouts(db: Database): MachineTaskTimeouts {
  return {
    async expire(now, limit) {
      const due = await db.read(
        tables<MachineTaskTables>(db.dialect)
          .selectFrom('machine_task')
          .select(['tenant', 'id'])
          .where(isOpen)
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .limit(limit),
      )
      const ended = await Promise.all(
        due.map(async ({ tenant: text, id }) => {
          const tenant = text as TenantId
          const action = await db.write(expireTaskWrite, { tenant, id, now })
          return action && { tenant, action }
        }),
      )
      return ended.filter((end) => end !== null)
    },
  }
}
