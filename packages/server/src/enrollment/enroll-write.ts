import { type Instant, type MachineId, type TenantId, UNGROUPED } from '@fleetsweep/protocol'
import { noteInventory } from '../antivirus-info/index.ts'
import { writeAudit } from '../audit/index.ts'
import { assignMachines } from '../device-group/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import {
  inventoryColumns,
  lastHeardOf,
  type MachineTables,
  noteAddresses,
  tagColumns,
} from '../machine/index.ts'
import { lockAccessShared } from '../tenant/index.ts'
import { type EnrollmentTables, type EnrollmentTokenRow, toEnrollmentToken } from './enrollment-row.ts'
import type { Enrolled, Enrollment, StoredEnrollmentToken } from './enrollment-store.ts'

type Enroll = { kind: 'enrollment.enroll'; tenant: TenantId; enrollment: Enrollment }
type Identity = Extract<Enrolled, { kind: 'enrolled' }>

export const enrollWrite = defineWrite<Enroll, Enrolled>(
  'enrollment.enroll',
  function* ({ tenant, enrollment }, context) {
    const token = yield* readToken(tenant, enrollment.tokenId, context)
    if (!token || token.secretHash !== enrollment.secretHash) return { kind: 'refused', why: 'unknown' }
    if (token.revokedAt !== null) return { kind: 'refused', why: 'revoked' }
    const before = yield* earlierUse(tenant, enrollment, context)
    if (before) return before
    if (token.expiresAt <= context.at) return { kind: 'refused', why: 'expired' }
    if (token.uses >= token.maxUses) return { kind: 'refused', why: 'usedUp' }
    if (token.replaceMachine !== null && (yield* isHeld(tenant, enrollment, context))) {
      return { kind: 'refused', why: 'keyInDoubt' }
    }
    // Before a machine is touched, so that this and a change of device groups do not wait for each other.
    yield* lockAccessShared(tenant, context)
    // Adding fails only when another server added a machine of this key a moment ago; then it comes back as that one.
    const identity =
      (yield* comeBack(tenant, enrollment, context)) ??
      (token.replaceMachine !== null
        ? yield* replaceKey(tenant, token.replaceMachine, enrollment, context)
        : yield* addMachine(tenant, token, enrollment, context)) ??
      (yield* comeBack(tenant, enrollment, context))
    if (!identity) throw new Error(`Machine ${enrollment.newMachineId} could not be added.`)
    yield* assignMachines(tenant, [identity.machineId], context)
    yield* noteInventory(tenant, identity.machineId, enrollment.inventory, context)
    yield* noteUse(tenant, enrollment, identity, context)
    return identity
  },
)

function* readToken(
  tenant: TenantId,
  id: string,
  context: WriteContext,
): WriteSteps<StoredEnrollmentToken | undefined> {
  const query = tables<EnrollmentTables>(context.dialect)
    .selectFrom('enrollment_token')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('id', '=', id)
  // Locked, so that two nodes cannot both take the last use.
  const [row] = yield* run<EnrollmentTokenRow>(context.dialect === 'postgres' ? query.forUpdate() : query)
  return row && toEnrollmentToken(row)
}

function* earlierUse(
  tenant: TenantId,
  { tokenId, publicKey }: Enrollment,
  context: WriteContext,
): WriteSteps<Identity | undefined> {
  const [use] = yield* run(
    tables<EnrollmentTables & MachineTables>(context.dialect)
      .selectFrom('enrollment_use')
      .innerJoin('machine', (join) =>
        join
          .onRef('machine.tenant', '=', 'enrollment_use.tenant')
          .onRef('machine.id', '=', 'enrollment_use.machine'),
      )
      .select(['enrollment_use.machine', 'enrollment_use.outcome', 'machine.is_potential_duplication'])
      .where('enrollment_use.tenant', '=', tenant)
      .where('enrollment_use.token', '=', tokenId)
      .where('enrollment_use.public_key', '=', publicKey)
      // A key that was replaced since is nobody's: the answer of then would hand out an identity that is gone.
      .where('machine.public_key', '=', publicKey),
  )
  return (
    use && {
      kind: 'enrolled',
      machineId: use.machine as MachineId,
      outcome: use.outcome as Identity['outcome'],
      isPotentialDuplication: use.is_potential_duplication === 1,
    }
  )
}

/** True for a key that orders are held back from: enrolling with it again would leave everything as it is. */
function* isHeld(tenant: TenantId, { publicKey }: Enrollment, context: WriteContext): WriteSteps<boolean> {
  const held = yield* run(
    tables<MachineTables>(context.dialect)
      .selectFrom('machine')
      .select('id')
      .where('tenant', '=', tenant)
      .where('public_key', '=', publicKey)
      .where('orders_held_because', 'is not', null),
  )
  return held.length > 0
}

/** `undefined` when the tenant knows no machine of this key. */
function* comeBack(
  tenant: TenantId,
  { publicKey, inventory, externalIp }: Enrollment,
  context: WriteContext,
): WriteSteps<Identity | undefined> {
  const [known] = yield* run(
    tables<MachineTables>(context.dialect)
      .selectFrom('machine')
      .select('last_seen')
      .where('tenant', '=', tenant)
      .where('public_key', '=', publicKey),
  )
  if (!known) return undefined
  const [row] = yield* run(
    tables<MachineTables>(context.dialect)
      .updateTable('machine')
      .set({ ...inventoryColumns(inventory, externalIp), last_seen: context.at })
      .where('tenant', '=', tenant)
      .where('public_key', '=', publicKey)
      .returning(['id', 'is_potential_duplication']),
  )
  if (!row) return undefined
  const machineId = row.id as MachineId
  const told = { id: machineId, ipAddresses: inventory.ipAddresses, lastHeard: known.last_seen as Instant }
  yield* noteAddresses(tenant, told, context)
  return {
    kind: 'enrolled',
    machineId,
    outcome: 'same',
    isPotentialDuplication: row.is_potential_duplication === 1,
  }
}

/** The new key ends every doubt about the old one: whoever still has a copy of it is nobody from now on. */
function* replaceKey(
  tenant: TenantId,
  id: MachineId,
  { inventory, externalIp, publicKey }: Enrollment,
  context: WriteContext,
): WriteSteps<Identity> {
  const lastHeard = yield* lastHeardOf(tenant, id, context)
  yield* run(
    tables<MachineTables>(context.dialect)
      .updateTable('machine')
      .set({
        ...inventoryColumns(inventory, externalIp),
        public_key: publicKey,
        is_potential_duplication: 0,
        orders_held_because: null,
        last_seen: context.at,
      })
      .where('tenant', '=', tenant)
      .where('id', '=', id),
  )
  yield* noteAddresses(tenant, { id, ipAddresses: inventory.ipAddresses, lastHeard }, context)
  return { kind: 'enrolled', machineId: id, outcome: 'replaced', isPotentialDuplication: false }
}

/** `undefined` when there is a machine of this key by now. */
function* addMachine(
  tenant: TenantId,
  token: StoredEnrollmentToken,
  { inventory, externalIp, publicKey, newMachineId }: Enrollment,
  context: WriteContext,
): WriteSteps<Identity | undefined> {
  const db = tables<MachineTables>(context.dialect)
  const [twin] = yield* run(
    db
      .selectFrom('machine')
      .select('id')
      .where('tenant', '=', tenant)
      .where('os_identity', '=', inventory.osIdentity)
      .limit(1),
  )
  const isPotentialDuplication = twin !== undefined
  const added = yield* run(
    db
      .insertInto('machine')
      .values({
        ...inventoryColumns(inventory, externalIp),
        tenant,
        id: newMachineId,
        public_key: publicKey,
        aad_device_id: null,
        ...tagColumns(token.tags),
        device_value: 'Normal',
        device_group: UNGROUPED,
        is_potential_duplication: isPotentialDuplication ? 1 : 0,
        orders_held_because: null,
        risk_score: 'None',
        first_seen: context.at,
        last_seen: context.at,
      })
      .onConflict((conflict) => conflict.columns(['tenant', 'public_key']).doNothing())
      .returning('id'),
  )
  if (added.length === 0) return undefined
  const told = { id: newMachineId, ipAddresses: inventory.ipAddresses, lastHeard: undefined }
  yield* noteAddresses(tenant, told, context)
  return { kind: 'enrolled', machineId: newMachineId, outcome: 'new', isPotentialDuplication }
}

function* noteUse(
  tenant: TenantId,
  { tokenId, publicKey, inventory, externalIp, auditId }: Enrollment,
  { machineId, outcome, isPotentialDuplication }: Identity,
  context: WriteContext,
): WriteSteps<void> {
  const db = tables<EnrollmentTables>(context.dialect)
  yield* run(
    db
      .insertInto('enrollment_use')
      .values({
        tenant,
        token: tokenId,
        public_key: publicKey,
        machine: machineId,
        outcome,
        used_at: context.at,
      })
      // A key that was replaced since, and comes again, is another machine from then on.
      .onConflict((conflict) =>
        conflict
          .columns(['tenant', 'token', 'public_key'])
          .doUpdateSet({ machine: machineId, outcome, used_at: context.at }),
      ),
  )
  yield* run(
    db
      .updateTable('enrollment_token')
      .set((eb) => ({ uses: eb('uses', '+', 1) }))
      .where('tenant', '=', tenant)
      .where('id', '=', tokenId),
  )
  yield* writeAudit(
    tenant,
    {
      id: auditId,
      principal: { kind: 'machine', id: machineId, name: inventory.computerDnsName },
      operation: 'machine.enroll',
      target: machineId,
      detail: { token: tokenId, outcome, isPotentialDuplication, externalIp },
    },
    context,
  )
}
