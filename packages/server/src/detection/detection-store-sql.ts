import {
  Detection,
  type Instant,
  type MachineActionId,
  type MachineId,
  type TenantId,
} from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'
import type { Database } from '../kit/db/database.ts'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { DetectionStore, StoredDetection } from './detection-store.ts'

type DetectionRow = {
  tenant: string
  id: string
  action: string
  machine: string
  attempt: number
  detected_at: number
  body: string
}
type DetectionTables = { detection: DetectionRow }

const detectionSchema = Compile(Detection)

/** Adds a detection; the same id again only notes the newer attempt that met it. */
export function* insertDetection(
  tenant: TenantId,
  added: { id: string; action: string; machine: string; attempt: number; detection: Detection },
  context: WriteContext,
): WriteSteps<void> {
  const { detection, ...columns } = added
  const body = JSON.stringify(detection)
  yield* run(
    tables<DetectionTables>(context.dialect)
      .insertInto('detection')
      .values({ tenant, ...columns, detected_at: context.at, body })
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'id']).doUpdateSet({ attempt: added.attempt, body }),
      ),
  )
}

/** Detections of one tenant, on either database. */
export function sqlDetectionStore(db: Database, tenant: TenantId): DetectionStore {
  return {
    async list({ actionId, machineId, after, limit }) {
      let query = tables<DetectionTables>(db.dialect)
        .selectFrom('detection')
        .selectAll()
        .where('tenant', '=', tenant)
        .orderBy('detected_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
      if (actionId !== undefined) query = query.where('action', '=', actionId)
      if (machineId !== undefined) query = query.where('machine', '=', machineId)
      if (after !== undefined) {
        query = query.where((eb) =>
          eb.or([
            eb('detected_at', '<', after.detectedAt),
            eb.and([eb('detected_at', '=', after.detectedAt), eb('id', '<', after.id)]),
          ]),
        )
      }
      return (await db.read<DetectionRow>(query)).map(toDetection)
    },
  }
}

function toDetection(row: DetectionRow): StoredDetection {
  return {
    id: row.id,
    actionId: row.action as MachineActionId,
    machineId: row.machine as MachineId,
    attempt: row.attempt,
    detectedAt: row.detected_at as Instant,
    detection: detectionSchema.Parse(JSON.parse(row.body)),
  }
}
