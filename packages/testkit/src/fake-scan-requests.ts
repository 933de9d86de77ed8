import {
  isFinal,
  MAX_SCAN_PATHS_LENGTH,
  type Machine,
  type MachineAction,
  type RequestedScan,
  type RequestScanBody,
  type Scan,
  whyNotPaths,
} from '@fleetsweep/protocol'
import { Refused } from './fake-answer.ts'

export type FakeScanRequest = { machine: Machine; body: unknown; idempotencyKey: string | undefined }

type Actions = {
  actions: ReadonlyMap<string, MachineAction>
  scans: ReadonlyMap<string, Scan>
  addAction(action: Partial<MachineAction>, scan: Partial<Scan>): MachineAction
}

/** Takes requests for scans of the Fleet API as a server does, with what it remembers of keys. */
export class FakeScanRequests {
  readonly #server: Actions
  readonly #answers = new Map<string, { asked: string; answer: RequestedScan }>()

  constructor(server: Actions) {
    this.#server = server
  }

  /** The keys that requests came with, oldest first. */
  readonly keys: (string | undefined)[] = []

  /** @throws Refused */
  answer({ machine, body, idempotencyKey: key }: FakeScanRequest): RequestedScan {
    this.keys.push(key)
    const asked = JSON.stringify([machine.id, body])
    const before = key === undefined ? undefined : this.#answers.get(key)
    if (before && before.asked !== asked) throw new Refused('IdempotencyKeyReused', 'The key is taken')
    const answer = before?.answer ?? this.#start(machine, body as RequestScanBody)
    if (key !== undefined) this.#answers.set(key, { asked, answer })
    return answer
  }

  #start(machine: Machine, { scanType, paths, rescan = false, comment }: RequestScanBody): RequestedScan {
    const why = paths && whyNotPaths('paths', paths, MAX_SCAN_PATHS_LENGTH)
    if (why !== undefined) throw new Refused('InvalidInput', why)
    const isActive = [...this.#server.actions.values()].some(
      ({ machineId, status }) => machineId === machine.id && !isFinal(status),
    )
    if (isActive) throw new Refused('ActiveRequestAlreadyExists', 'Action is already in progress')
    const { id: machineId, computerDnsName } = machine
    const action = this.#server.addAction(
      { machineId, computerDnsName, requestorComment: comment, scope: scanType },
      { scanType, paths: paths ?? null, rescan },
    )
    return {
      actionId: action.id,
      machineId,
      computerDnsName,
      scanType,
      paths: paths ?? null,
      rescan,
      requestor: action.requestor,
      comment,
      externalId: null,
      requestedAt: action.creationDateTimeUtc,
    }
  }
}
