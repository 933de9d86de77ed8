import {
  type AlertId,
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
import { machineWithinReach } from '../machine/index.ts'
import type { Reach } from '../principal/index.ts'
import type { DetectionStore, StoredDetection } from './detection-store.ts'

type DetectionRow = {
  tenant: string
  id: string
  action: string
  machine: string
  alert: string | null
  attempt: number
  detected_at: number
  body: string
}
type DetectionTables = { detection: DetectionRow }
type WithMachines = DetectionTables & { machine: { tenant: string; id: string; computer_dns_name: string } }
type NamedRow = DetectionRow & { computer_dns_name: string | null }

const detectionSchema = Compile(Detection)

function parseDetection(body: string): Detection {
  return detectionSchema.Parse(JSON.parse(body))
}

/**
 * Adds a detection; the same id again only notes the newer attempt that met it.
 *
 * @returns true when it is new
 */
export function* insertDetection(
  tenant: TenantId,
  added: {
    id: string
    action: string
    machine: string
    alert: AlertId
    attempt: number
    detection: Detection
  },
  context: WriteContext,
): WriteSteps<boolean> {
  const { detection, ...columns } = added
  const body = JSON.stringify(detection)
  const [kept] = yield* run(
    tables<DetectionTables>(context.dialect)
      .insertInto('detection')
      .values({ tenant, ...columns, detected_at: context.at, body })
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'id']).doUpdateSet({ attempt: added.attempt, alert: added.alert, body }),
      )
      .returning('detected_at'),
  )
  return kept?.detected_at === context.at
}

/** What became of the file of a detection since it was told. */
export type Disposition = Pick<Detection, 'disposition' | 'quarantineId' | 'dispositionReason'>

/** Notes what became of the file of a detection. One that is not there, or of another tenant, is left alone. */
export function* noteDisposition(
  tenant: TenantId,
  id: string,
  disposition: Disposition,
  { dialect }: WriteContext,
): WriteSteps<void> {
  const db = tables<DetectionTables>(dialect)
  const read = db.selectFrom('detection').select('body').where('tenant', '=', tenant).where('id', '=', id)
  const [row] = yield* run(dialect === 'postgres' ? read.forUpdate() : read)
  if (!row) return
  const { quarantineId: _id, dispositionReason: _reason, ...told } = parseDetection(row.body)
  yield* run(
    db
      .updateTable('detection')
      .set({ body: JSON.stringify({ ...told, ...disposition }) })
      .where('tenant', '=', tenant)
      .where('id', '=', id),
  )
}

/** Detections of one tenant, on either database. */
export function sqlDetectionStore(db: Database, tenant: TenantId): DetectionStore {
  const select = (reach: Reach) => {
    const within = machineWithinReach(reach, 'detection', 'machine')
    const query = tables<WithMachines>(db.dialect)
      .selectFrom('detection')
      .leftJoin('machine', (join) =>
        join.onRef('machine.tenant', '=', 'detection.tenant').onRef('machine.id', '=', 'detection.machine'),
      )
      .selectAll('detection')
      .select('machine.computer_dns_name')
      .where('detection.tenant', '=', tenant)
    return within ? query.where(within) : query
  }
  return {
    async findWithin(id, reach) {
      const [row] = await db.read<NamedRow>(select(reach).where('detection.id', '=', id))
      return row && toDetection(row)
    },
    async list({ actionId, machineId, after, limit }, reach) {
      let query = select(reach).orderBy('detected_at', 'desc').orderBy('detection.id', 'desc').limit(limit)
      if (actionId !== undefined) query = query.where('action', '=', actionId)
      if (machineId !== undefined) query = query.where('machine', '=', machineId)
      if (after !== undefined) {
        query = query.where((eb) =>
          eb.or([
            eb('detected_at', '<', after.detectedAt),
            eb.and([eb('detected_at', '=', after.detectedAt), eb('detection.id', '<', after.id)]),
          ]),
        )
      }
      return (await db.read<NamedRow>(query)).map(toDetection)
    },
  }
}

function toDetection(row: NamedRow): StoredDetection {
  return {
    id: row.id,
    actionId: row.action as MachineActionId,
    machineId: row.machine as MachineId,
    computerDnsName: row.computer_dns_name,
    alertId: row.alert as AlertId | null,
    attempt: row.attempt,
    detectedAt: row.detected_at as Instant,
    detection: parseDetection(row.body),
  }
}
