import { randomUUID } from 'node:crypto'
import type {
  FleetDetection,
  MachineTask,
  QuarantinedFile,
  RequestedTask,
  TaskVerb,
} from '@fleetsweep/protocol'
import { Refused } from './fake-answer.ts'

const MOMENT = '2026-11-23T08:12:26.123456Z'

/** Files in quarantine and the tasks about them, all in memory: a test ends the tasks as their machines would. */
export class FakeQuarantine {
  /** Newest first. */
  readonly files: QuarantinedFile[] = []
  readonly tasks = new Map<string, MachineTask>()

  /** What a call is answered with; `undefined` when it is about something else. */
  answer(call: {
    route: string
    id: string
    body: unknown
    detectionOf: (id: string) => FleetDetection | undefined
  }): { status: number; value: object } | undefined {
    const { route, id, body } = call
    if (/^GET \/fleet\/v1\/machine-tasks\/[^/]+$/.test(route)) {
      const task = this.tasks.get(id)
      if (!task) throw new Refused('ResourceNotFound', `The machine task ${id} was not found`)
      return { status: 200, value: task }
    }
    if (/^POST \/fleet\/v1\/detections\/[^/]+\/quarantine$/.test(route)) {
      const detection = call.detectionOf(id)
      if (!detection) throw new Refused('ResourceNotFound', `The detection ${id} was not found`)
      return { status: 201, value: this.#ask('quarantine', detection, { detectionId: id }, body) }
    }
    if (/^POST \/fleet\/v1\/quarantine\/[^/]+\/restore$/.test(route)) {
      const file = this.files.find((one) => one.id === id)
      if (!file) throw new Refused('ResourceNotFound', `The quarantined file ${id} was not found`)
      return { status: 201, value: this.#ask('restore', file, { quarantineId: id }, body) }
    }
    return undefined
  }

  /** The task that was asked for last. @throws Error when there is none */
  get lastTask(): MachineTask {
    const task = [...this.tasks.values()].at(-1)
    if (!task) throw new Error('No task was asked for.')
    return task
  }

  /** Ends the task that was asked for last. */
  end(change: Pick<MachineTask, 'status' | 'sentence'> & Partial<MachineTask>): void {
    const task = this.lastTask
    this.tasks.set(task.id, { ...task, endedAt: MOMENT, ...change })
  }

  #ask(
    verb: TaskVerb,
    { machineId, computerDnsName }: Pick<QuarantinedFile, 'machineId' | 'computerDnsName'>,
    subject: { detectionId?: string; quarantineId?: string },
    body: unknown,
  ): RequestedTask {
    const { comment } = body as { comment?: string }
    if (!comment) throw new Refused('MissingRequiredParameter', 'comment is missing')
    const asked = {
      verb,
      machineId,
      computerDnsName: computerDnsName ?? machineId,
      detectionId: subject.detectionId ?? null,
      requestor: 'Console tests',
      comment,
      requestedAt: MOMENT,
    }
    const id = randomUUID()
    this.tasks.set(id, {
      id,
      ...asked,
      quarantineId: subject.quarantineId ?? null,
      status: 'Pending',
      updatedAt: MOMENT,
      endedAt: null,
      sentence: null,
      reportedLate: false,
    })
    return { taskId: id, ...asked }
  }
}
