import {
  type ListQuery,
  type MachineActionId,
  readMachineActionId,
  type TenantId,
} from '@fleetsweep/protocol'
import type { Bus } from '../kit/bus.ts'
import { HintBatch } from '../kit/hint-batch.ts'
import { ApiError, notFound, requireAllowed } from '../kit/http/index.ts'
import type { NextPage } from '../kit/odata/index.ts'
import type { MachineService } from '../machine/index.ts'
import { auditPrincipal, type Principal } from '../principal/index.ts'
import { idempotencyOf } from './idempotency-key.ts'
import type { StoredMachineAction } from './machine-action.ts'
import type { MachineActionStore } from './machine-action-store.ts'
import type { ScanRequest } from './scan-request.ts'
import { requireScanSupport } from './scan-support.ts'

/** Machine actions as callers see them: only those on machines within reach are there. */
export type MachineActionService = {
  /**
   * Asks a machine to run an antivirus scan and returns the action, still `Pending`. While an equal one waits for the
   * machine, that one is the answer; so is, for a day, what the same call with the same idempotency key got before.
   *
   * @throws ApiError `Forbidden` for a `Custom` scan without `Scan.Run.Custom`
   * @throws ApiError `IdempotencyKeyReused` when the key came with another request
   * @throws ApiError `ActiveRequestAlreadyExists` while another scan of the machine is `Pending` or `InProgress`
   * @throws ApiError `ResourceNotFound` when the machine is unknown or out of reach
   * @throws ApiError `OsPlatformNotSupported`, `ClientVersionNotSupported`
   * @see https://learn.microsoft.com/en-us/defender-endpoint/api/run-av-scan
   */
  requestScan(
    principal: Principal,
    machineId: string,
    request: ScanRequest & { origin: string; idempotencyKey?: string },
  ): Promise<StoredMachineAction>

  /**
   * Cancels an action; one that is cancelled already stays as it is.
   *
   * @throws ApiError `ResourceNotFound` when unknown or out of reach; `BadRequest` when it has ended otherwise
   */
  cancel(principal: Principal, id: string, comment: string | null): Promise<StoredMachineAction>

  /** @throws ApiError `ResourceNotFound` when unknown or out of reach */
  getMachineAction(principal: Principal, id: string): Promise<StoredMachineAction>

  /**
   * One page of actions, newest first unless the query orders them otherwise.
   *
   * @throws ODataError
   */
  listMachineActions(
    principal: Principal,
    query: ListQuery,
  ): Promise<{ actions: StoredMachineAction[]; count: number | undefined; next: NextPage | null }>

  /** @throws ODataError */
  countMachineActions(principal: Principal, query: ListQuery): Promise<number>
}

/** Whoever may scan chooses what is scanned only with this as well. */
const CUSTOM = { permission: ['Scan.Run.Custom'], role: ['Scan.Run.Custom'] } as const

type Parts = {
  machineActionsOf: (tenant: TenantId) => MachineActionStore
  machines: Pick<MachineService, 'getMachine'>
  bus: Bus
  newId: () => string
  /** How long an action may stay `Pending`. */
  pendingMs: number
  /** Most actions of one page. */
  pageSize: number
}

export function machineActionService(parts: Parts): MachineActionService {
  const { machineActionsOf, machines, newId, pageSize } = parts
  const hints = new HintBatch(parts.bus)

  const find = async (principal: Principal, text: string): Promise<StoredMachineAction> => {
    const id = readMachineActionId(text)
    const action = id && (await machineActionsOf(principal.tenant).findWithin(id, principal.reach))
    if (!action) throw unknownAction(text)
    return action
  }

  /** Only hints: the gateway looks at the rows, and so does whoever missed this. */
  const tell = ({ tenant }: Principal, action: StoredMachineAction): void => {
    hints.add('wake', tenant, action.machineId)
    hints.add('machineActions', tenant, action.id)
  }

  return {
    async requestScan(principal, machineId, { origin, idempotencyKey, ...request }) {
      const { scanType, paths, rescan, comment, externalId } = request
      if (scanType === 'Custom') requireAllowed(principal, CUSTOM)
      const machine = await machines.getMachine(principal, machineId)
      requireScanSupport(machine)
      const id = newId() as MachineActionId
      const outcome = await machineActionsOf(principal.tenant).requestScan({
        id,
        machineId: machine.id,
        scanType,
        comment,
        externalId,
        paths,
        rescan,
        idempotency:
          idempotencyKey === undefined
            ? null
            : idempotencyOf(principal, idempotencyKey, { machineId: machine.id, ...request }),
        requestor: principal.name,
        requestSource: principal.requestSource,
        timeOutMs: parts.pendingMs,
        audit: {
          id: newId(),
          principal: auditPrincipal(principal),
          operation: 'machineAction.create',
          target: id,
          detail: {
            type: 'RunAntiVirusScan',
            machineId: machine.id,
            scanType,
            ...(paths === null ? {} : { paths }),
            ...(rescan ? { rescan } : {}),
          },
        },
      })
      switch (outcome.kind) {
        case 'created':
          tell(principal, outcome.action)
          return outcome.action
        case 'existing':
        case 'repeated':
          return outcome.action
        case 'keyReused':
          throw new ApiError(
            'IdempotencyKeyReused',
            'This Idempotency-Key came with another request within a day. Take a new key for a new request',
          )
        case 'refused':
          throw alreadyActive(`${origin}/api/machineactions/${outcome.blockedBy}`)
        case 'machineUnknown':
          throw notFound(`Machine ${machineId}`)
      }
    },

    async cancel(principal, text, comment) {
      const { id, machineId } = await find(principal, text)
      const outcome = await machineActionsOf(principal.tenant).cancel({
        id,
        requestor: principal.name,
        comment,
        audit: {
          id: newId(),
          principal: auditPrincipal(principal),
          operation: 'machineAction.cancel',
          target: id,
          detail: { machineId, comment },
        },
      })
      switch (outcome.kind) {
        case 'cancelled':
          tell(principal, outcome.action)
          return outcome.action
        case 'alreadyCancelled':
          return outcome.action
        case 'alreadyEnded':
          throw new ApiError(
            'BadRequest',
            `Machine action ${id} has ended as ${outcome.action.status} and cannot be cancelled`,
          )
        case 'unknown':
          throw unknownAction(text)
      }
    },

    getMachineAction: find,

    async listMachineActions(principal, query) {
      const store = machineActionsOf(principal.tenant)
      const [page, count] = await Promise.all([
        store.list({ ...query, pageSize }, principal.reach),
        query.count ? store.count(query.filter, principal.reach) : undefined,
      ])
      return { actions: page.rows, next: page.next, count }
    },

    async countMachineActions(principal, { filter }) {
      return machineActionsOf(principal.tenant).count(filter, principal.reach)
    },
  }
}

function unknownAction(id: string): ApiError {
  return notFound(`Machine action ${id}`)
}

/** Clients compare this message byte by byte. */
function alreadyActive(blockedBy: string): ApiError {
  return new ApiError('ActiveRequestAlreadyExists', 'Action is already in progress', {
    headers: { link: `<${blockedBy}>; rel="related"; title="the action in progress"` },
  })
}
