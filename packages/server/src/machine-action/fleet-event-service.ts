import {
  type FleetEvent,
  type MachineActionId,
  type MachineId,
  ScanProgress,
  type TenantId,
} from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import { Value } from 'typebox/value'
import type { Bus, Hint } from '../kit/bus.ts'
import { ApiError, isAllowed } from '../kit/http/index.ts'
import type { MachineStore } from '../machine/index.ts'
import { type Principal, reaches } from '../principal/index.ts'
import type { MachineActionStore } from './machine-action-store.ts'
import { showMachineAction } from './show-machine-action.ts'

/** What of the tenant's events one watcher is told. */
export type Watcher = {
  principal: Principal
  /** @param text the event as JSON, made once for all watchers */
  tell(type: FleetEvent['type'], text: string): void
  /** The server stops: no more events will come. */
  end(): void
  /** Who may do what has changed: whether the watch may go on is asked anew. */
  check(): void
}

/** Tells watchers what changes in their tenant, as it changes. */
export type FleetEventService = {
  /**
   * @returns ends the watch
   * @throws ApiError `TooManyRequests` when the principal has too many already
   */
  watch(watcher: Watcher): () => void
  /** Ends all watches. */
  close(): void
}

/** Each costs memory for as long as it lasts, which a limit of calls does not see. */
const MAX_WATCHES_EACH = 50

type Room = {
  watchers: Set<Watcher>
  changed: Set<MachineActionId>
  reading: boolean
  /** Events go out one after the other, although telling who may hear them can take a read. */
  telling: Promise<void>
}

export function fleetEventService(parts: {
  bus: Bus
  machineActionsOf: (tenant: TenantId) => MachineActionStore
  machinesOf: (tenant: TenantId) => Pick<MachineStore, 'find'>
  logger: Logger
}): FleetEventService {
  const rooms = new Map<TenantId, Room>()

  const tell = async (tenant: TenantId, room: Room, event: FleetEvent, machineId: string): Promise<void> => {
    const text = JSON.stringify(event)
    const hearers = [...room.watchers].filter(({ principal }) => mayHear(principal, event))
    const isAnyBound = hearers.some(({ principal }) => principal.reach.kind !== 'allMachines')
    const machine = isAnyBound ? await parts.machinesOf(tenant).find(machineId as MachineId) : undefined
    for (const watcher of hearers) {
      const { reach } = watcher.principal
      const isWithin = reach.kind === 'allMachines' || (machine && reaches(reach, machine.deviceGroup))
      if (isWithin && room.watchers.has(watcher)) watcher.tell(event.type, text)
    }
  }

  /** One read at a time: two that cross would tell the older state last. */
  const readChanged = async (tenant: TenantId, room: Room): Promise<void> => {
    if (room.reading) return
    room.reading = true
    try {
      while (room.changed.size > 0) {
        const ids = [...room.changed]
        room.changed.clear()
        const store = parts.machineActionsOf(tenant)
        for (const action of await Promise.all(ids.map((id) => store.find(id)))) {
          if (!action) continue
          const event: FleetEvent = { type: 'machineAction', machineAction: showMachineAction(action) }
          await tell(tenant, room, event, action.machineId)
        }
      }
    } catch (error) {
      // Watchers read the state when they need to be sure; an event is only a hint.
      parts.logger.error({ err: error, tenant }, 'changed actions could not be read for watchers')
    } finally {
      room.reading = false
    }
  }

  const hear = (hint: Hint): void => {
    const tenant = hint.tenant as TenantId
    const room = rooms.get(tenant)
    if (!room) return
    if (hint.topic === 'machineActions') {
      for (const id of hint.ids) room.changed.add(id as MachineActionId)
      void readChanged(tenant, room)
    } else if (hint.topic === 'scanProgress' && Value.Check(ScanProgress, hint.progress)) {
      const { actionId, machineId, progress } = hint
      room.telling = room.telling
        .then(() => tell(tenant, room, { type: 'scanProgress', actionId, progress }, machineId))
        .catch((error) => parts.logger.error({ err: error, tenant }, 'progress could not be told'))
    } else if (hint.topic === 'securityEpoch') {
      for (const watcher of room.watchers) watcher.check()
    }
  }
  const unsubscribe = parts.bus.subscribe(hear)
  let isClosed = false

  return {
    watch(watcher) {
      const { tenant } = watcher.principal
      const room = rooms.get(tenant) ?? {
        watchers: new Set(),
        changed: new Set(),
        reading: false,
        telling: Promise.resolve(),
      }
      const own = [...room.watchers].filter(({ principal }) => principal.id === watcher.principal.id)
      if (own.length >= MAX_WATCHES_EACH) {
        throw new ApiError('TooManyRequests', `Only ${MAX_WATCHES_EACH} streams at once`, {
          headers: { 'retry-after': '60' },
        })
      }
      rooms.set(tenant, room)
      room.watchers.add(watcher)
      // It was let in before the server began to stop, and comes after all others were told.
      if (isClosed) watcher.end()
      return () => {
        room.watchers.delete(watcher)
        if (room.watchers.size === 0 && rooms.get(tenant) === room) rooms.delete(tenant)
      }
    },
    close() {
      isClosed = true
      unsubscribe()
      for (const { watchers } of rooms.values()) for (const watcher of [...watchers]) watcher.end()
    },
  }
}

/** The stream tells nobody what the same principal could not read. */
function mayHear(principal: Principal, event: FleetEvent): boolean {
  return isAllowed(principal, event.type === 'scanProgress' ? READ_SCANS : READ_MACHINE_ACTIONS)
}

const READ_SCANS = { permission: ['Scan.Read.All'], role: ['Scan.Read.All'] } as const
const READ_MACHINE_ACTIONS = {
  permission: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  role: ['ViewData'],
} as const
