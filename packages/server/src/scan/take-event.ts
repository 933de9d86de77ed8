import { createHash } from 'node:crypto'
import {
  type AgentEvent,
  canMove,
  conclude,
  type Detection,
  formatInstant,
  HRESULT_FAILED,
  isFinal,
  type ScanReport,
  type TenantId,
} from '@fleetsweep/protocol'
import { raiseAlert } from '../alert/index.ts'
import { insertDetection } from '../detection/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import {
  moveMachineAction,
  postponeTimeOut,
  readForUpdate,
  type StoredMachineAction,
} from '../machine-action/index.ts'
import { noteQuarantined } from '../quarantine/index.ts'
import { tellWebhooks } from '../webhook/index.ts'
import type { ScanRow, ScanTables } from './scan-row.ts'
import type { EventTaken, IncomingEvent } from './scan-store.ts'
import { silentUntil } from './silence.ts'

type TakeEvent = { kind: 'scan.takeEvent'; tenant: TenantId; incoming: IncomingEvent }

export const takeEventWrite = defineWrite<TakeEvent, EventTaken>(
  'scan.takeEvent',
  function* ({ tenant, incoming }, context) {
    const action = yield* readForUpdate(tenant, incoming.actionId, context)
    if (!action || action.machineId !== incoming.machineId) return { kind: 'unknown' }
    const [scan] = yield* run<ScanRow>(
      tables<ScanTables>(context.dialect)
        .selectFrom('scan')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('action', '=', action.id),
    )
    if (!scan) return { kind: 'unknown' }
    if (incoming.number <= scan.last_event) {
      yield* proveStopAnew(tenant, scan, incoming.event, context)
      return { kind: 'repeated', ackedEvent: scan.last_event }
    }
    if (incoming.number > scan.last_event + 1) return { kind: 'gap', ackedEvent: scan.last_event }
    if (incoming.event.kind === 'detection') {
      yield* addDetection(tenant, action, incoming.event.attempt, incoming.event.detection, context)
    }
    const columns = scanColumns(scan, action, incoming.event, context)
    yield* run(
      tables<ScanTables>(context.dialect)
        .updateTable('scan')
        .set({ ...columns, last_event: incoming.number, absences: 0 })
        .where('tenant', '=', tenant)
        .where('action', '=', action.id),
    )
    return {
      kind: 'stored',
      moved: yield* moveAction(tenant, action, incoming, scan.checkpoint_at !== null, context),
    }
  },
)

/**
 * A machine that was set up anew numbers its events from 1 again, so what it proves comes under a number that is taken.
 * The stop is owed all the same, and an agent that knows nothing of the scan runs nothing of it.
 */
function* proveStopAnew(
  tenant: TenantId,
  scan: ScanRow,
  event: AgentEvent,
  context: WriteContext,
): WriteSteps<void> {
  const isOwed = scan.stop_ordered_at !== null && scan.stop_proven_at === null
  if (!isOwed || event.kind !== 'stopped' || event.proof !== 'neverStarted') return
  yield* run(
    tables<ScanTables>(context.dialect)
      .updateTable('scan')
      .set({ stop_proven_at: context.at, stop_proof: event.proof, stopped_within_ms: event.stoppedWithinMs })
      .where('tenant', '=', tenant)
      .where('action', '=', scan.action),
  )
}

/** The same threat in the same place is one detection, however many attempts of a scan met it, and part of an alert. */
function* addDetection(
  tenant: TenantId,
  action: StoredMachineAction,
  attempt: number,
  detection: Detection,
  context: WriteContext,
): WriteSteps<void> {
  const place = [detection.path, detection.innerPath].map((path) => path?.base64 ?? path?.text ?? null)
  const id = createHash('sha256')
    .update(JSON.stringify([action.id, detection.threatName, ...place]))
    .digest('hex')
    .slice(0, 32)
  const { id: actionId, machineId, computerDnsName } = action
  const alert = yield* raiseAlert(tenant, { ...action, detection }, context)
  const added = { id, action: actionId, machine: machineId, alert, attempt, detection }
  const isNew = yield* insertDetection(tenant, added, context)
  const { threatName, path, innerPath, sha256, sizeBytes, disposition } = detection
  if (detection.quarantineId !== undefined) {
    const file = { id: detection.quarantineId, detectionId: id, path, threatName, sha256, sizeBytes }
    yield* noteQuarantined(tenant, action, { ...file, cause: 'policy' }, context)
  }
  if (!isNew) return
  const data = {
    detectionId: id,
    alertId: alert,
    actionId,
    machineId,
    computerDnsName,
    detectedAt: formatInstant(context.at),
    threatName,
    path: path.text,
    innerPath: innerPath?.text ?? null,
    sha256,
    sizeBytes,
    disposition,
  }
  yield* tellWebhooks(tenant, { event: 'detection.found', subject: id, data }, context)
}

function scanColumns(
  scan: ScanRow,
  action: StoredMachineAction,
  event: AgentEvent,
  { at }: WriteContext,
): Partial<ScanRow> {
  const accepted_at = scan.accepted_at ?? at
  switch (event.kind) {
    case 'accepted':
      return { accepted_at }
    case 'started':
      // The progress of the attempt before would read as this one's.
      return { accepted_at, attempts: event.attempt, started_at: scan.started_at ?? at, progress: null }
    case 'detection':
    // Of a task; no scan ends with that word.
    case 'done':
      return {}
    case 'finished':
    case 'failed':
      return {
        accepted_at,
        ...ended(scan, event.report, at),
        reported_late: isFinal(action.status) ? 1 : 0,
        // The engine's queue had run empty for this scan before the machine could say how it ended.
        ...(scan.stop_ordered_at === null ? {} : { stop_proven_at: at, stop_proof: 'queueEmpty' }),
      }
    case 'stopped':
      return {
        ...ended(scan, event.report, at),
        stop_ordered_at: scan.stop_ordered_at ?? at,
        stop_proven_at: at,
        stop_proof: event.proof,
        stopped_within_ms: event.stoppedWithinMs,
      }
  }
}

/** A stop order can find the scan already ended: the word that follows has no report and must not wipe out the one there is. */
function ended(scan: ScanRow, report: ScanReport | null, at: number): Partial<ScanRow> {
  return {
    ended_at: scan.ended_at ?? at,
    report: report === null ? scan.report : JSON.stringify(report),
  }
}

function* moveAction(
  tenant: TenantId,
  action: StoredMachineAction,
  { event, reportUrl, ...silence }: IncomingEvent,
  hasCheckpoint: boolean,
  context: WriteContext,
): WriteSteps<StoredMachineAction | null> {
  if (isFinal(action.status)) return null
  const expiresAt = silentUntil(context.at, silence, hasCheckpoint)
  // Whatever a machine says of an action, it has taken it: a lost `accepted` is implied.
  const taken = canMove(action.status, 'InProgress')
    ? yield* moveMachineAction(tenant, action, { status: 'InProgress', expiresAt }, context)
    : action
  switch (event.kind) {
    case 'accepted':
    case 'started':
    case 'detection':
    case 'done':
      if (taken !== action) return taken
      yield* postponeTimeOut(tenant, action, expiresAt, context)
      return null
    case 'finished': {
      const conclusion = conclude(event.report, context.at)
      const troubleshootInfo = `${conclusion.sentence}; see ${reportUrl}`
      const change = { status: 'Succeeded', troubleshootInfo } as const
      return yield* moveMachineAction(tenant, taken, change, context, conclusion)
    }
    case 'failed':
      return yield* fail(tenant, taken, `${event.reason}; see ${reportUrl}`, context)
    case 'stopped':
      return yield* fail(
        tenant,
        taken,
        `The scan was stopped on the machine itself; see ${reportUrl}`,
        context,
      )
  }
}

/** Ends an action as `Failed` with the reason that people and playbooks read. */
export function* fail(
  tenant: TenantId,
  action: StoredMachineAction,
  troubleshootInfo: string,
  context: WriteContext,
): WriteSteps<StoredMachineAction> {
  return yield* moveMachineAction(
    tenant,
    action,
    { status: 'Failed', errorHResult: HRESULT_FAILED, troubleshootInfo },
    context,
  )
}
