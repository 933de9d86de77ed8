import { createHash } from 'node:crypto'
import type { FilePath, MachineId, QuarantineCause, QuarantineState, TenantId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAudit } from '../audit/index.ts'
import { noteDisposition } from '../detection/index.ts'
import { tables } from '../kit/db/query.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import type { QuarantineTables } from './quarantine-row.ts'

/** The machine that tells something; its word about files of others counts nothing. */
export type TellingMachine = { machineId: MachineId; computerDnsName: string }

/** A file that a machine says it has taken. */
export type TakenFile = {
  id: string
  detectionId: string | null
  cause: QuarantineCause
  path: FilePath
  threatName: string
  sha256: string | null
  sizeBytes: number
}

/**
 * Part of the write that takes a machine's word: notes a file that it has moved to quarantine. One that is known stays
 * as it is, whoever tells of it again: an id that another machine chose too is not taken over.
 */
export function* noteQuarantined(
  tenant: TenantId,
  machine: TellingMachine,
  file: TakenFile,
  context: WriteContext,
): WriteSteps<void> {
  const id = file.id.toLowerCase()
  const [added] = yield* run(
    quarantineTables(context)
      .insertInto('quarantined_file')
      .values({
        tenant,
        id,
        machine: machine.machineId,
        detection: file.detectionId,
        cause: file.cause,
        state: 'quarantined',
        path: JSON.stringify(file.path),
        threat_name: file.threatName,
        sha256: file.sha256,
        size_bytes: file.sizeBytes,
        quarantined_at: context.at,
        restored_at: null,
        failure: null,
      })
      .onConflict((conflict) => conflict.columns(['tenant', 'id']).doNothing())
      .returning('id'),
  )
  if (!added) return
  const { threatName, cause, sha256, detectionId, path } = file
  const detail = { machineId: machine.machineId, path: path.text, threatName, sha256, cause, detectionId }
  yield* writeAudit(tenant, toldBy(machine, 'quarantine.add', id, detail, context), context)
  if (detectionId === null) return
  yield* noteDisposition(tenant, detectionId, { disposition: 'quarantined', quarantineId: id }, context)
}

/** As `noteQuarantined`, of a file that the machine has given back. */
export function* noteRestored(
  tenant: TenantId,
  machine: TellingMachine,
  fileId: string,
  context: WriteContext,
): WriteSteps<void> {
  const id = fileId.toLowerCase()
  const change = { state: 'restored', restored_at: context.at, failure: null } as const
  const changed = yield* changeState(tenant, machine, id, change, context)
  if (!changed) return
  const detail = { machineId: machine.machineId, detectionId: changed.detection }
  yield* writeAudit(tenant, toldBy(machine, 'quarantine.restore', id, detail, context), context)
  if (changed.detection === null) return
  const dispositionReason = 'It was in quarantine, and was given back.'
  yield* noteDisposition(tenant, changed.detection, { disposition: 'reported', dispositionReason }, context)
}

/** As `noteQuarantined`, of a file that the machine could not give back. One that is back already stays so. */
export function* noteRestoreFailed(
  tenant: TenantId,
  machine: TellingMachine,
  fileId: string,
  failure: string,
  context: WriteContext,
): WriteSteps<void> {
  yield* changeState(tenant, machine, fileId.toLowerCase(), { state: 'failed', failure }, context)
}

/** What stands in the way of taking the file of a detection; `undefined` when nothing does. */
export function* whyNotTaken(
  tenant: TenantId,
  detectionId: string,
  context: WriteContext,
): WriteSteps<string | undefined> {
  const rows = yield* run(
    quarantineTables(context)
      .selectFrom('quarantined_file')
      .select(['id', 'state'])
      .where('tenant', '=', tenant)
      .where('detection', '=', detectionId),
  )
  const kept = rows.find(({ state }) => state !== ('restored' satisfies QuarantineState))
  return kept && `The file is in quarantine already, as ${kept.id}`
}

/** What stands in the way of giving a file back; `undefined` when nothing does. */
export function* whyNotRestored(
  tenant: TenantId,
  fileId: string,
  context: WriteContext,
): WriteSteps<string | undefined> {
  const [file] = yield* run(
    quarantineTables(context)
      .selectFrom('quarantined_file')
      .select('state')
      .where('tenant', '=', tenant)
      .where('id', '=', fileId),
  )
  return file?.state === 'restored' ? 'The file was given back already' : undefined
}

function* changeState(
  tenant: TenantId,
  { machineId }: TellingMachine,
  id: string,
  change: { state: QuarantineState; restored_at?: number; failure: string | null },
  context: WriteContext,
): WriteSteps<{ detection: string | null } | undefined> {
  const [changed] = yield* run(
    quarantineTables(context)
      .updateTable('quarantined_file')
      .set(change)
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .where('machine', '=', machineId)
      .where('state', '<>', 'restored')
      .returning('detection'),
  )
  return changed
}

/** Told anew it is written once only, so its id needs no chance: the moment of a write is its own. */
function toldBy(
  { machineId, computerDnsName }: TellingMachine,
  operation: string,
  target: string,
  detail: AuditEntry['detail'],
  { at }: WriteContext,
): AuditEntry {
  const id = createHash('sha256')
    .update(JSON.stringify([operation, target, at]))
    .digest('hex')
    .slice(0, 32)
  return {
    id,
    principal: { kind: 'machine', id: machineId, name: computerDnsName },
    operation,
    target,
    detail,
  }
}

function quarantineTables({ dialect }: WriteContext) {
  return tables<QuarantineTables>(dialect)
}
