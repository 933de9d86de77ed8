import { type Static, Type } from 'typebox'
import type { TaskOrder } from '../agent/order.ts'
import { MACHINE_ACTION_STATUSES } from '../api/machine-action.ts'

const NullableText = Type.Union([Type.String(), Type.Null()])

/** What a machine can be asked for beside scans. */
export const TASK_VERBS = ['quarantine', 'restore', 'updateSignatures'] as const satisfies TaskOrder['verb'][]
export type TaskVerb = (typeof TASK_VERBS)[number]

/** Body of the calls that ask for a task. */
export const RequestTaskBody = Type.Object(
  { comment: Type.String({ description: 'Why; 1 to 4,000 characters, not blank.' }) },
  { additionalProperties: false },
)
export type RequestTaskBody = Static<typeof RequestTaskBody>

const Asked = {
  verb: Type.Enum(TASK_VERBS),
  machineId: Type.String(),
  computerDnsName: Type.String(),
  detectionId: Type.Union([Type.String(), Type.Null()], {
    description: 'What `quarantine` is about; null for the others.',
  }),
  requestor: Type.String(),
  comment: Type.String(),
  requestedAt: Type.String(),
}

/** Answer of the calls that ask for a task: what was asked for, which never changes. */
export const RequestedTask = Type.Object(
  { taskId: Type.String(), ...Asked },
  { description: 'A task as it was asked for.' },
)
export type RequestedTask = Static<typeof RequestedTask>

/** Answer of `GET /fleet/v1/machine-tasks/{taskId}`. */
export const MachineTask = Type.Object(
  {
    id: Type.String(),
    ...Asked,
    quarantineId: Type.Union([Type.String(), Type.Null()], {
      description:
        'The file in quarantine: of `restore` from the beginning, of `quarantine` once it is there; otherwise null.',
    }),
    status: Type.Enum(MACHINE_ACTION_STATUSES),
    updatedAt: Type.String(),
    endedAt: NullableText,
    sentence: Type.Union([Type.String(), Type.Null()], {
      description: 'What was done, or why it was not; null until it has ended.',
    }),
    reportedLate: Type.Boolean({
      description: 'True when the machine told how it ended after the task had ended otherwise.',
    }),
  },
  { description: 'Something that a machine was asked for beside scans, and what came of it.' },
)
export type MachineTask = Static<typeof MachineTask>

export const MachineTaskList = Type.Object({ items: Type.Array(MachineTask), nextCursor: NullableText })
export type MachineTaskList = Static<typeof MachineTaskList>
