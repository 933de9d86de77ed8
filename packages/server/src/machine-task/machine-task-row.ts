import type { Instant, MachineActionId, MachineActionStatus, MachineId } from '@fleetsweep/protocol'
import { sql } from 'kysely'
import { Compile } from 'typebox/compile'
import { AskedTask, type StoredMachineTask, subjectOf } from './machine-task.ts'

export type MachineTaskTables = { machine_task: MachineTaskRow }

/** A row of `machine_task`; only the two functions below know its columns and types. */
export type MachineTaskRow = {
  tenant: string
  id: string
  machine: string
  computer_dns_name: string
  verb: string
  subject: string
  /** JSON of an `AskedTask`. */
  asked: string
  status: string
  requestor: string
  comment: string
  created_at: number
  updated_at: number
  ended_at: number | null
  expires_at: number
  last_event: number
  /** Heartbeats in a row that did not list it although the machine had taken it. */
  absences: number
  quarantine_id: string | null
  sentence: string | null
  reported_late: number
}

/** In the words of the indexes: SQLite does not use a partial index for parameters. */
export const isOpen = sql<boolean>`status IN ('Pending', 'InProgress')`

const askedSchema = Compile(AskedTask)

/** @throws Error when stored JSON does not fit its schema, which only a change from outside can cause */
export function toMachineTask(row: MachineTaskRow): StoredMachineTask {
  return {
    id: row.id as MachineActionId,
    machineId: row.machine as MachineId,
    computerDnsName: row.computer_dns_name,
    asked: askedSchema.Parse(JSON.parse(row.asked)),
    status: row.status as MachineActionStatus,
    requestor: row.requestor,
    comment: row.comment,
    createdAt: row.created_at as Instant,
    updatedAt: row.updated_at as Instant,
    endedAt: row.ended_at as Instant | null,
    expiresAt: row.expires_at as Instant,
    lastEvent: row.last_event,
    quarantineId: row.quarantine_id,
    sentence: row.sentence,
    reportedLate: row.reported_late === 1,
  }
}

/** The row of a task that no heartbeat has left out. */
export function toMachineTaskRow(tenant: string, task: StoredMachineTask): MachineTaskRow {
  return {
    tenant,
    id: task.id,
    machine: task.machineId,
    computer_dns_name: task.computerDnsName,
    verb: task.asked.verb,
    subject: subjectOf(task.asked),
    asked: JSON.stringify(task.asked),
    status: task.status,
    requestor: task.requestor,
    comment: task.comment,
    created_at: task.createdAt,
    updated_at: task.updatedAt,
    ended_at: task.endedAt,
    expires_at: task.expiresAt,
    last_event: task.lastEvent,
    absences: 0,
    quarantine_id: task.quarantineId,
    sentence: task.sentence,
    reported_late: task.reportedLate ? 1 : 0,
  }
}
