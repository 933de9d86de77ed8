import { createHash } from 'node:crypto'
import type { AlertId, Detection, Instant, MachineId, TenantId } from '@fleetsweep/protocol'
import type { Kysely } from 'kysely'
import { prepare } from '../kit/db/prepare.ts'
import { run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { raiseRisk } from '../machine/index.ts'
import { addPlace, shortPath } from './alert-places.ts'
import type { AlertRow, AlertTables } from './alert-row.ts'
import { claimOpen, openAlertOf } from './open-alert.ts'
import { readThreat } from './threat.ts'

/** A claim that was freed between two statements is simply claimed again; only a storm of changes could need more. */
const CLAIM_ATTEMPTS = 3

/** A detection, and the machine that it is on. */
type Found = { machineId: MachineId; computerDnsName: string; detection: Detection }

/**
 * Part of the write that takes a detection: opens an alert, or notes in the open one of the same threat in the same file
 * on the same machine that it was found again. However often a machine is scanned, what is on it has one alert, so that
 * whoever scans because of an alert does not get another one for it.
 *
 * @returns the alert's id
 */
export function* raiseAlert(tenant: TenantId, found: Found, context: WriteContext): WriteSteps<AlertId> {
  const key = keyOf(found.machineId, found.detection)
  for (let attempt = 1; attempt <= CLAIM_ATTEMPTS; attempt += 1) {
    const open = yield* openAlertOf(tenant, key, context)
    if (open) {
      yield* findAgain(tenant, open, found, context)
      return open.id as AlertId
    }
    const id = newAlertId(context.at, tenant, key)
    if (yield* claimOpen(tenant, key, id, context)) {
      yield* create(tenant, id, key, found, context)
      return id
    }
  }
  throw new Error(`The alerts of machine ${found.machineId} change too fast to add one.`)
}

/** What makes two detections one alert. A file whose hash is not known is known by its path. */
function keyOf(machine: MachineId, { threatName, sha256, path }: Detection): string {
  const file = sha256 === null ? ['path', path.base64 ?? path.text] : ['sha256', sha256]
  return hash([machine, threatName, ...file])
    .toString('hex')
    .slice(0, 32)
}

function hash(parts: readonly string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest()
}

/** 0001-01-01 to 1970-01-01, in the units of 100 ns that Defender's ids count. */
const EPOCH_TICKS = 621_355_968_000_000_000n

/** As Defender's ids look: when it was made, then a signed number of 32 bits. */
function newAlertId(at: Instant, tenant: TenantId, key: string): AlertId {
  const ticks = EPOCH_TICKS + BigInt(at) * 10n
  return `da${ticks}_${hash([tenant, key]).readInt32BE()}` as AlertId
}

function* create(
  tenant: TenantId,
  id: AlertId,
  openKey: string,
  { machineId, computerDnsName, detection }: Found,
  context: WriteContext,
): WriteSteps<void> {
  const { name, family, severity, title } = readThreat(detection.threatName)
  const row: AlertRow = {
    tenant,
    id,
    incident: yield* nextIncident(tenant, context),
    machine: machineId,
    open_key: openKey,
    threat_name: name,
    threat_name_lower: name.toLowerCase(),
    threat_family: family,
    threat_family_lower: family.toLowerCase(),
    sha256: detection.sha256,
    title,
    title_lower: title.toLowerCase(),
    severity,
    status: 'New',
    assigned_to: null,
    assigned_to_lower: null,
    classification: null,
    determination: null,
    created_at: context.at,
    resolved_at: null,
    comments: '[]',
    places: 0,
    more_places: 0,
    ...foundLast(computerDnsName, detection, context),
  }
  const places = yield* addPlace(row, detection, context)
  yield* run(insertAlert(context.dialect, { ...row, ...places }))
  yield* raiseRisk(tenant, machineId, severity, context)
}

const insertAlert = prepare((db: Kysely<AlertTables>, row: AlertRow) => db.insertInto('alert').values(row))

function* nextIncident(tenant: TenantId, { dialect }: WriteContext): WriteSteps<number> {
  const [row] = yield* run(countIncident(dialect, { tenant }))
  if (!row) throw new Error('The database gave no number for an alert.')
  return row.last_id
}

const countIncident = prepare((db: Kysely<AlertTables>, { tenant }: { tenant: string }) =>
  db
    .insertInto('incident_sequence')
    .values({ tenant, last_id: 1 })
    .onConflict((conflict) =>
      conflict.column('tenant').doUpdateSet((eb) => ({ last_id: eb('incident_sequence.last_id', '+', 1) })),
    )
    .returning('last_id'),
)

function* findAgain(
  tenant: TenantId,
  open: AlertRow,
  { computerDnsName, detection }: Found,
  context: WriteContext,
): WriteSteps<void> {
  const places = yield* addPlace(open, detection, context)
  const columns = { ...foundLast(computerDnsName, detection, context), ...places }
  yield* run(updateFound(context.dialect, { tenant, id: open.id, ...columns }))
}

const updateFound = prepare(
  (
    db: Kysely<AlertTables>,
    { tenant, id, ...columns }: Pick<AlertRow, 'tenant' | 'id'> & Partial<AlertRow>,
  ) => db.updateTable('alert').set(columns).where('tenant', '=', tenant).where('id', '=', id),
)

function foundLast(computerDnsName: string, { path, owner, disposition }: Detection, { at }: WriteContext) {
  return {
    computer_dns_name: computerDnsName,
    computer_dns_name_lower: computerDnsName.toLowerCase(),
    last_event_at: at,
    updated_at: at,
    last_path: shortPath(path),
    last_owner: owner,
    last_disposition: disposition,
  } satisfies Partial<AlertRow>
}
