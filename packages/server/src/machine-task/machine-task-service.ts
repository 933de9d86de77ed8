import { type MachineActionId, readMachineActionId, type TenantId } from '@fleetsweep/protocol'
import type { DetectionStore, StoredDetection } from '../detection/index.ts'
import type { Bus } from '../kit/bus.ts'
import { type Cursor, cursorPage } from '../kit/cursor.ts'
import { HintBatch } from '../kit/hint-batch.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import { present } from '../kit/present.ts'
import type { MachineService } from '../machine/index.ts'
import { idempotencyOf } from '../machine-action/index.ts'
import { auditPrincipal, type Principal } from '../principal/index.ts'
import type { QuarantineService } from '../quarantine/index.ts'
import type { AskedTask, StoredMachineTask } from './machine-task.ts'
import type { MachineTaskStore } from './machine-task-store.ts'

/** Why somebody asks, and how they make the call safe to repeat. */
export type TaskRequest = { comment: string; idempotencyKey?: string | undefined }

/**
 * Tasks as callers see them: only those of machines within reach are there.
 *
 * Each request answers a task that waits for its machine. While an equal one has not ended, that one is the answer; so
 * is, for a day, what the same call with the same idempotency key got before, with
 * ApiError `IdempotencyKeyReused` when the key came with another request.
 */
export type MachineTaskService = {
  /**
   * Asks the machine of a detection to move the file to quarantine.
   *
   * @throws ApiError `ResourceNotFound` when unknown or out of reach
   * @throws ApiError `BadRequest` when the file is there already, `InvalidInput` when it cannot be named to the machine
   */
  requestQuarantine(
    principal: Principal,
    detectionId: string,
    request: TaskRequest,
  ): Promise<StoredMachineTask>

  /**
   * Asks a machine to give a file back to where it was.
   *
   * @throws ApiError `ResourceNotFound` when unknown or out of reach; `BadRequest` when it was given back already
   */
  requestRestore(principal: Principal, quarantineId: string, request: TaskRequest): Promise<StoredMachineTask>

  /**
   * Asks a machine to bring its signatures up to date.
   *
   * @throws ApiError `ResourceNotFound` when unknown or out of reach
   */
  requestSignatureUpdate(
    principal: Principal,
    machine: string,
    request: TaskRequest,
  ): Promise<StoredMachineTask>

  /** @throws ApiError `ResourceNotFound` when unknown or out of reach */
  getTask(principal: Principal, id: string): Promise<StoredMachineTask>

  /**
   * Tasks of one machine, newest first, a page at a time.
   *
   * @throws ApiError `ResourceNotFound` when the machine is unknown or out of reach
   */
  listTasks(
    principal: Principal,
    machine: string,
    page: { after?: Cursor | undefined; limit: number },
  ): Promise<{ items: StoredMachineTask[]; nextCursor: string | null }>
}

/** More than any system lets a path have; in the exact bytes of one that is not plain text, a third less. */
const MAX_PATH_LENGTH = 8_192

export function machineTaskService(parts: {
  storesOf: (tenant: TenantId) => { machineTasks: MachineTaskStore; detections: DetectionStore }
  machines: Pick<MachineService, 'getMachine' | 'getMachineByAnyName'>
  quarantine: Pick<QuarantineService, 'getFile'>
  bus: Bus
  newId: () => string
  /** How long a task may stay `Pending`. */
  pendingMs: number
}): MachineTaskService {
  const { storesOf, machines, quarantine, newId } = parts
  const hints = new HintBatch(parts.bus)

  const request = async (
    principal: Principal,
    machineName: string,
    asked: AskedTask,
    { comment, idempotencyKey }: TaskRequest,
  ): Promise<StoredMachineTask> => {
    const { id: machineId, computerDnsName } = await machines.getMachine(principal, machineName)
    const id = newId() as MachineActionId
    const outcome = await storesOf(principal.tenant).machineTasks.request({
      id,
      machineId,
      computerDnsName,
      asked,
      requestor: principal.name,
      comment,
      timeOutMs: parts.pendingMs,
      idempotency:
        idempotencyKey === undefined
          ? null
          : idempotencyOf(principal, idempotencyKey, { machineId, ...nameOf(asked), comment }),
      audit: {
        id: newId(),
        principal: auditPrincipal(principal),
        operation: 'machineTask.create',
        target: id,
        detail: { machineId, ...nameOf(asked) },
      },
    })
    switch (outcome.kind) {
      case 'created':
        hints.add('wake', principal.tenant, machineId)
        return outcome.task
      case 'existing':
      case 'repeated':
        return outcome.task
      case 'keyReused':
        throw new ApiError(
          'IdempotencyKeyReused',
          'This Idempotency-Key came with another request within a day. Take a new key for a new request',
        )
      case 'needless':
        throw new ApiError('BadRequest', outcome.why)
    }
  }

  return {
    async requestQuarantine(principal, detectionId, how) {
      const { detections } = storesOf(principal.tenant)
      const found = await detections.findWithin(detectionId, principal.reach)
      if (!found) throw notFound(`The detection ${detectionId}`)
      return request(principal, found.machineId, toTake(found), how)
    },
    async requestRestore(principal, quarantineId, how) {
      const file = await quarantine.getFile(principal, quarantineId)
      return request(principal, file.machineId, { verb: 'restore', quarantineId: file.id }, how)
    },
    requestSignatureUpdate: (principal, machine, how) =>
      request(principal, machine, { verb: 'updateSignatures' }, how),

    async getTask(principal, text) {
      const id = readMachineActionId(text)
      const { machineTasks } = storesOf(principal.tenant)
      const task = id && (await machineTasks.findWithin(id, principal.reach))
      if (!task) throw notFound(`The machine task ${text}`)
      return task
    },
    async listTasks(principal, name, { after, limit }) {
      const { id: machineId } = await machines.getMachineByAnyName(principal, name)
      const from = after && { createdAt: after.at, id: after.id }
      // One more than asked for tells whether there is a next page.
      const query = { machineId, ...present({ after: from }), limit: limit + 1 }
      const rows = await storesOf(principal.tenant).machineTasks.list(query)
      return cursorPage(
        rows,
        limit,
        ({ createdAt, id }) => ({ at: createdAt, id }),
        (task) => task,
      )
    },
  }
}

/** @throws ApiError `InvalidInput` when the machine could not know which file is meant */
function toTake({ id, detection }: StoredDetection): AskedTask {
  const { path, sha256, sizeBytes, threatName } = detection
  if (sha256 === null) {
    throw new ApiError(
      'InvalidInput',
      'The machine could not say which content was found there, so the file cannot be told from another. Scan it again',
    )
  }
  if ((path.base64 ?? path.text).length > MAX_PATH_LENGTH) {
    throw new ApiError('InvalidInput', 'The path is too long to be told to the machine')
  }
  return { verb: 'quarantine', detectionId: id, path, sha256, sizeBytes, threatName }
}

/** What a task is about, for the audit and for knowing a call again. */
function nameOf(asked: AskedTask): Record<string, string> {
  switch (asked.verb) {
    case 'quarantine':
      return { verb: asked.verb, detectionId: asked.detectionId }
    case 'restore':
      return { verb: asked.verb, quarantineId: asked.quarantineId }
    case 'updateSignatures':
      return { verb: asked.verb }
  }
}
