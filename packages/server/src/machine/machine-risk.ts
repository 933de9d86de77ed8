import { ALERT_SEVERITIES, type AlertSeverity, type MachineId, type TenantId } from '@fleetsweep/protocol'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { MachineTables } from './machine-row.ts'

/** `None` while no alert of the machine is open. */
export const RISK_SCORES = ['None', ...ALERT_SEVERITIES] as const
export type RiskScore = (typeof RISK_SCORES)[number]

/** A machine with an open alert of this severity is at least so much at risk. */
export function* raiseRisk(
  tenant: TenantId,
  id: MachineId,
  severity: AlertSeverity,
  { dialect }: WriteContext,
): WriteSteps<void> {
  yield* run(
    tables<MachineTables>(dialect)
      .updateTable('machine')
      .set({ risk_score: severity })
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .where('risk_score', 'in', RISK_SCORES.slice(0, RISK_SCORES.indexOf(severity))),
  )
}

/**
 * Sets how much a machine is at risk. Its row is locked before `assess` looks at its alerts, so that one which another
 * node opens meanwhile is either seen by it or raises the risk afterwards.
 */
export function* reassessRisk(
  tenant: TenantId,
  id: MachineId,
  assess: () => WriteSteps<RiskScore>,
  { dialect }: WriteContext,
): WriteSteps<void> {
  const db = tables<MachineTables>(dialect)
  if (dialect === 'postgres') {
    const lock = db.selectFrom('machine').select('id').where('tenant', '=', tenant).where('id', '=', id)
    yield* run(lock.forUpdate())
  }
  const risk_score = yield* assess()
  yield* run(db.updateTable('machine').set({ risk_score }).where('tenant', '=', tenant).where('id', '=', id))
}
