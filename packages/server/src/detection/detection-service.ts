import type { FleetDetection, MachineActionId, MachineId, TenantId } from '@fleetsweep/protocol'
import { type Cursor, cursorPage } from '../kit/cursor.ts'
import type { Principal } from '../principal/index.ts'
import type { DetectionStore } from './detection-store.ts'
import { fleetDetection } from './fleet-detection.ts'

export type DetectionService = {
  /** Detections on machines within reach, newest first, a page at a time. */
  list(
    principal: Principal,
    query: {
      actionId?: MachineActionId | undefined
      machineId?: MachineId | undefined
      after?: Cursor | undefined
      limit: number
    },
  ): Promise<{ items: FleetDetection[]; nextCursor: string | null }>
}

export function detectionService(parts: {
  detectionsOf: (tenant: TenantId) => DetectionStore
}): DetectionService {
  return {
    async list(principal, { actionId, machineId, after, limit }) {
      // One more than asked for tells whether there is a next page.
      const rows = await parts.detectionsOf(principal.tenant).list(
        {
          ...(actionId === undefined ? {} : { actionId }),
          ...(machineId === undefined ? {} : { machineId }),
          ...(after === undefined ? {} : { after: { detectedAt: after.at, id: after.id } }),
          limit: limit + 1,
        },
        principal.reach,
      )
      return cursorPage(rows, limit, ({ detectedAt, id }) => ({ at: detectedAt, id }), fleetDetection)
    },
  }
}
