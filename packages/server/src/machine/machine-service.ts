import { type Clock, isGuid, type ListQuery, readMachineId, type TenantId } from '@fleetsweep/protocol'
import { notFound } from '../kit/http/index.ts'
import type { NextPage } from '../kit/odata/index.ts'
import { type Principal, reaches } from '../principal/index.ts'
import type { StoredMachine } from './machine.ts'
import type { MachineStore } from './machine-store.ts'

/** Machines as callers see them: only what they reach is there. */
export type MachineService = {
  /**
   * Finds a machine by its id, or by the id that the directory knows it by.
   *
   * @throws ApiError `ResourceNotFound` when unknown or out of reach
   */
  getMachine(principal: Principal, id: string): Promise<StoredMachine>

  /**
   * As `getMachine`, or by computer name; of machines that share one, the one heard of last.
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
  ): Promise<{ machines: StoredMachine[]; count: number | undefined; next: NextPage | null }>

  /** @throws ODataError */
  countMachines(principal: Principal, query: ListQuery): Promise<number>
}

export function machineService(parts: {
  machinesOf: (tenant: TenantId) => MachineStore
  clock: Clock
  /** Most machines of one page. */
  pageSize: number
}): MachineService {
  const { machinesOf, clock, pageSize } = parts

  const find = async (principal: Principal, text: string): Promise<StoredMachine | undefined> => {
    const store = machinesOf(principal.tenant)
    const id = readMachineId(text)
    const machine =
      id !== undefined ? await store.find(id) : isGuid(text) ? await store.findByAadDevice(text) : undefined
    return machine && reaches(principal.reach, machine.deviceGroup) ? machine : undefined
  }

  return {
    async getMachine(principal, id) {
      const machine = await find(principal, id)
      if (!machine) throw notFound(`Machine ${id}`)
      return machine
    },
    async getMachineByAnyName(principal, name) {
      const machine = await find(principal, name)
      if (machine) return machine
      const named = await machinesOf(principal.tenant).findByName(name)
      const [latest] = named
        .filter(({ deviceGroup }) => reaches(principal.reach, deviceGroup))
        .toSorted((a, b) => b.lastSeen - a.lastSeen)
      if (!latest) throw notFound(`Machine ${name}`)
      return latest
    },
    async listMachines(principal, query) {
      const store = machinesOf(principal.tenant)
      const now = clock.now()
      const [page, count] = await Promise.all([
        store.list({ ...query, pageSize }, principal.reach, now),
        query.count ? store.count(query.filter, principal.reach, now) : undefined,
      ])
      return { machines: page.rows, next: page.next, count }
    },
    async countMachines(principal, { filter }) {
      return machinesOf(principal.tenant).count(filter, principal.reach, clock.now())
    },
  }
}
