import {
  FilePath,
  formatInstant,
  type Instant,
  type MachineActionId,
  type MachineActionStatus,
  type MachineId,
  type MachineTask,
  Sha256Text,
} from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'

/** What a machine is asked for, with all that its order says. */
export const AskedTask = Type.Union([
  Type.Object({
    verb: Type.Literal('quarantine'),
    detectionId: Type.String(),
    path: FilePath,
    sha256: Sha256Text,
    sizeBytes: Type.Integer({ minimum: 0 }),
    threatName: Type.String(),
  }),
  Type.Object({ verb: Type.Literal('restore'), quarantineId: Type.String() }),
  Type.Object({ verb: Type.Literal('updateSignatures') }),
])
export type AskedTask = Static<typeof AskedTask>

/** A task of a machine as the server keeps it. */
export type StoredMachineTask = {
  /** A machine knows actions only, so it is the id of one. */
  id: MachineActionId
  machineId: MachineId
  computerDnsName: string
  asked: AskedTask
  status: MachineActionStatus
  requestor: string
  comment: string
  createdAt: Instant
  updatedAt: Instant
  endedAt: Instant | null
  /** When it ends as `TimeOut` unless a word about it comes first. */
  expiresAt: Instant
  /** Number of the newest event that is on disk; events arrive without gaps. */
  lastEvent: number
  /** The file that it moved to quarantine, or is to give back. */
  quarantineId: string | null
  /** What was done, or why it was not. */
  sentence: string | null
  reportedLate: boolean
}

/** What a task is about: a machine has one open task of a verb for each. */
export function subjectOf(asked: AskedTask): string {
  switch (asked.verb) {
    case 'quarantine':
      return asked.detectionId
    case 'restore':
      return asked.quarantineId
    case 'updateSignatures':
      return ''
  }
}

/** A task as the Fleet API shows it. */
export function showMachineTask(task: StoredMachineTask): MachineTask {
  const { id, asked, machineId, computerDnsName, status, requestor, comment, endedAt } = task
  return {
    id,
    verb: asked.verb,
    machineId,
    computerDnsName,
    detectionId: asked.verb === 'quarantine' ? asked.detectionId : null,
    requestor,
    comment,
    requestedAt: formatInstant(task.createdAt),
    quarantineId: task.quarantineId,
    status,
    updatedAt: formatInstant(task.updatedAt),
    endedAt: endedAt === null ? null : formatInstant(endedAt),
    sentence: task.sentence,
    reportedLate: task.reportedLate,
  }
}
