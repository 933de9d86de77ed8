import {
  type Clock,
  isGuid,
  type ListQuery,
  type MachineId,
  readMachineId,
  type TenantId,
} from '@fleetsweep/protocol'
import { ApiError, notFound } from '../kit/http/index.ts'
import type { NextPage } from '../kit/odata/index.ts'
import { auditPrincipal, type Principal, reaches } from '../principal/index.ts'
import type { StoredMachine } from './machine.ts'
import { MAX_TAGS, type MachineChange } from './machine-change.ts'
import type { MachineSelection, MachineStore } from './machine-store.ts'

/** Machines as callers see them: only what they reach is there. */
export type MachineService = {
  /**
   * Finds the one machine that something is to happen to, by its id, by the id that the directory knows it by, or by
   * its computer name. Only machines within reach bear a name: whether others do is not to be learned here.
   *
   * @throws ApiError `ResourceNotFound` when unknown or out of reach
   * @throws ApiError `InvalidInput` when several within reach bear the name: guessing would touch the wrong one
   */
  getMachine(principal: Principal, name: string): Promise<StoredMachine>

  /**
   * As `getMachine`, for reading: of machines that share a name, the one heard of last.
   *
   * @throws ApiError `ResourceNotFound` when unknown or out of reach
   */
  getMachineByAnyName(principal: Principal, name: string): Promise<StoredMachine>

  /**
   * One page of the machines within reach, most recently heard of first unless the query orders them otherwise.
   *
   * @throws ODataError
   */
  listMachines(
    principal: Principal,
    query: ListQuery,
    selection?: MachineSelection,
  ): Promise<{ machines: StoredMachine[]; count: number | undefined; next: NextPage | null }>

  /** @throws ODataError */
  countMachines(principal: Principal, query: ListQuery): Promise<number>

  /**
   * Changes tags and value of a machine, named as for `getMachine`, and returns it as it is then, even where its new
   * tags have taken it out of reach.
   *
   * @throws ApiError as `getMachine`; `InvalidInput` when it would have too many tags
   */
  changeMachine(
    principal: Principal,
    name: string,
    change: MachineChange,
    operation: MachineOperation,
  ): Promise<StoredMachine>

  /**
   * As `changeMachine`, for many: all of them are changed, or none.
   *
   * @param names one that stands twice, in whatever words, counts once
   * @returns each machine once, in the order in which it was named first
   */
  changeMachines(
    principal: Principal,
    names: readonly string[],
    change: MachineChange,
    operation: MachineOperation,
  ): Promise<StoredMachine[]>
}

/** What the audit calls a change of a machine. */
export type MachineOperation = 'machine.tag' | 'machine.setValue' | 'machine.update'

/** Of machines that share a name, so many are listed in the refusal. */
const LISTED = 10

export function machineService(parts: {
  machinesOf: (tenant: TenantId) => MachineStore
  clock: Clock
  /** Most machines of one page. */
  pageSize: number
  newId: () => string
}): MachineService {
  const { machinesOf, clock, pageSize, newId } = parts

  /** Machines within reach that bear a name, the one heard of last first. What is nearest to an id counts first. */
  const named = async (
    { tenant, reach }: Principal,
    name: string,
    limit: number,
  ): Promise<StoredMachine[]> => {
    const store = machinesOf(tenant)
    const id = readMachineId(name)
    const machine = id && (await store.find(id))
    if (machine && reaches(reach, machine.deviceGroup)) return [machine]
    const known = isGuid(name) ? await store.listByAadDevice(name, reach, limit) : []
    return known.length > 0 ? known : store.listByName(name, reach, limit)
  }
  const getMachine = async (principal: Principal, name: string): Promise<StoredMachine> => {
    const [machine, ...others] = await named(principal, name, LISTED + 1)
    if (!machine) throw notFound(`Machine ${name}`)
    if (others.length > 0) throw ambiguous(name, [machine, ...others])
    return machine
  }
  const changeMachines: MachineService['changeMachines'] = async (principal, names, change, operation) => {
    const named = new Map<MachineId, string>()
    for (const name of new Set(names)) {
      const id = readMachineId(name) ?? (await getMachine(principal, name)).id
      if (!named.has(id)) named.set(id, name)
    }
    const outcome = await machinesOf(principal.tenant).change({
      machines: [...named.keys()].map((id) => ({ id, auditId: newId() })),
      reach: principal.reach,
      change,
      by: auditPrincipal(principal),
      operation,
    })
    switch (outcome.kind) {
      case 'changed':
        return outcome.machines
      case 'unknown':
        throw notFound(`Machine ${named.get(outcome.id)}`)
      case 'tooManyTags':
        throw new ApiError(
          'InvalidInput',
          `Machine ${named.get(outcome.id)} would have more than ${MAX_TAGS} tags`,
        )
    }
  }

  return {
    getMachine,
    async getMachineByAnyName(principal, name) {
      const [latest] = await named(principal, name, 1)
      if (!latest) throw notFound(`Machine ${name}`)
      return latest
    },
    async listMachines(principal, query, selection) {
      const store = machinesOf(principal.tenant)
      const now = clock.now()
      const [page, count] = await Promise.all([
        store.list({ ...query, pageSize }, principal.reach, now, selection),
        query.count ? store.count(query.filter, principal.reach, now, selection) : undefined,
      ])
      return { machines: page.rows, next: page.next, count }
    },
    async countMachines(principal, { filter }) {
      return machinesOf(principal.tenant).count(filter, principal.reach, clock.now())
    },
    changeMachines,
    async changeMachine(principal, name, change, operation) {
      const { id } = await getMachine(principal, name)
      const [machine] = await changeMachines(principal, [id], change, operation)
      if (!machine) throw notFound(`Machine ${name}`)
      return machine
    },
  }
}

function ambiguous(name: string, machines: readonly StoredMachine[]): ApiError {
  const ids = machines.slice(0, LISTED).map(({ id }) => id)
  const more = machines.length > LISTED ? ' and others' : ''
  return new ApiError(
    'InvalidInput',
    `${name} is the name of several machines; give the id of the right one: ${ids.join(', ')}${more}`,
  )
}
