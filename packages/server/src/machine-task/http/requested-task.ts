import type { IncomingHttpHeaders } from 'node:http'
import { IDEMPOTENCY_KEY_HEADER, RequestedTask, type RequestTaskBody } from '@fleetsweep/protocol'
import { Answer } from '../../kit/http/index.ts'
import { readActionComment, readIdempotencyKey } from '../../machine-action/index.ts'
import { type StoredMachineTask, showMachineTask } from '../index.ts'
import type { TaskRequest } from '../machine-task-service.ts'

/** What the calls that ask for a task have in common. */
export const ASKING = {
  description:
    'The task waits until its machine connects. While the same is under way, that is the answer. With an `Idempotency-Key`, the same call within a day gets the same answer and starts nothing.',
  refusals: {
    IdempotencyKeyReused: 'the same `Idempotency-Key` came with another request within a day',
  },
  answers: { 201: RequestedTask },
  answerHeaders: ['Location'],
} as const

/** @throws ApiError `InvalidInput` */
export function readTaskRequest(body: RequestTaskBody, headers: IncomingHttpHeaders): TaskRequest {
  const idempotencyKey = readIdempotencyKey(headers[IDEMPOTENCY_KEY_HEADER])
  return { comment: readActionComment(body.comment, 'comment'), idempotencyKey }
}

/** What was asked for, with where to read what became of it. */
export function requestedTask(origin: string, task: StoredMachineTask) {
  const { id, verb, machineId, computerDnsName, detectionId, requestor, comment, requestedAt } =
    showMachineTask(task)
  const asked: RequestedTask = {
    taskId: id,
    verb,
    machineId,
    computerDnsName,
    detectionId,
    requestor,
    comment,
    requestedAt,
  }
  return new Answer(201, asked, { location: `${origin}/fleet/v1/machine-tasks/${id}` })
}
