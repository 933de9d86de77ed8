import type { MachineId, TenantId } from '@fleetsweep/protocol'
import { type AuditEntry, writeAuditEntries } from '../audit/index.ts'
import { assignMachines } from '../device-group/index.ts'
import { tables } from '../kit/db/query.ts'
import { defineWrite, run, type WriteContext, type WriteSteps } from '../kit/db/write.ts'
import { reaches } from '../principal/index.ts'
import { lockAccessShared } from '../tenant/index.ts'
import type { StoredMachine } from './machine.ts'
import { applyChange, MAX_TAGS } from './machine-change.ts'
import {
  type MachineTables,
  type NamedMachineRow,
  namedMachines,
  tagColumns,
  toMachine,
} from './machine-row.ts'
import type { MachinesChange, MachinesChanged } from './machine-store.ts'

type ChangeMachines = { kind: 'machine.change'; tenant: TenantId; change: MachinesChange }

/** A machine, and what a change leaves of it. */
type Changed = ReturnType<typeof applyChange> & { id: MachineId; before: StoredMachine }

export const changeMachinesWrite = defineWrite<ChangeMachines, MachinesChanged>(
  'machine.change',
  function* ({ tenant, change: { machines, reach, change, by, operation } }, context) {
    // Before a machine is touched, so that this and a change of device groups do not wait for each other.
    yield* lockAccessShared(tenant, context)
    const ids = machines.map(({ id }) => id)
    const before = yield* readMachines(tenant, ids, context, 'lock')
    const changed: Changed[] = []
    for (const id of ids) {
      const machine = before.get(id)
      if (!machine || !reaches(reach, machine.deviceGroup)) return { kind: 'unknown', id }
      const after = { id, before: machine, ...applyChange(machine, change) }
      if (isAsBefore(after)) continue
      if (after.tags.length > MAX_TAGS && after.tags.length > machine.tags.length) {
        return { kind: 'tooManyTags', id }
      }
      changed.push(after)
    }
    if (changed.length === 0) return { kind: 'changed', machines: inOrder(ids, before) }
    yield* writeMachines(tenant, changed, context)
    if (change.tags)
      yield* assignMachines(
        tenant,
        changed.map(({ id }) => id),
        context,
      )
    const now = yield* readMachines(tenant, ids, context)
    const auditIds = new Map(machines.map(({ id, auditId }) => [id, auditId]))
    const entries = changed.map(({ id, before }): AuditEntry => {
      const detail = auditDetail(before, now.get(id) ?? before)
      return { id: auditIds.get(id) ?? '', principal: by, operation, target: id, detail }
    })
    yield* writeAuditEntries(tenant, entries, context)
    return { kind: 'changed', machines: inOrder(ids, now) }
  },
)

function* readMachines(
  tenant: TenantId,
  ids: readonly MachineId[],
  { dialect }: WriteContext,
  lock?: 'lock',
): WriteSteps<Map<MachineId, StoredMachine>> {
  // In the order of their ids, so that two changes of the same machines do not each wait for the other.
  const query = namedMachines(tables<MachineTables>(dialect))
    .where('tenant', '=', tenant)
    .where('id', 'in', ids)
    .orderBy('id')
  const rows = yield* run<NamedMachineRow>(lock && dialect === 'postgres' ? query.forUpdate() : query)
  return new Map(rows.map(toMachine).map((machine) => [machine.id, machine]))
}

function isAsBefore({ before, tags, deviceValue }: Changed): boolean {
  return deviceValue === before.deviceValue && JSON.stringify(tags) === JSON.stringify(before.tags)
}

/** One statement for all that become alike, which is most of them. */
function* writeMachines(
  tenant: TenantId,
  changed: readonly Changed[],
  { dialect }: WriteContext,
): WriteSteps<void> {
  const alike = Map.groupBy(changed, ({ tags, deviceValue }) => JSON.stringify([deviceValue, tags]))
  for (const [first, ...others] of alike.values()) {
    if (!first) continue
    yield* run(
      tables<MachineTables>(dialect)
        .updateTable('machine')
        .set({ ...tagColumns(first.tags), device_value: first.deviceValue })
        .where('tenant', '=', tenant)
        .where(
          'id',
          'in',
          [first, ...others].map(({ id }) => id),
        ),
    )
  }
}

function inOrder(ids: readonly MachineId[], machines: ReadonlyMap<MachineId, StoredMachine>) {
  return ids.map((id) => machines.get(id)).filter((machine) => machine !== undefined)
}

/** What is other than before. A machine that is in another device group is reached by others from now on. */
function auditDetail(before: StoredMachine, after: StoredMachine): AuditEntry['detail'] {
  return {
    computerDnsName: after.computerDnsName,
    ...listed('tagsAdded', without(after.tags, before.tags)),
    ...listed('tagsRemoved', without(before.tags, after.tags)),
    ...differing('deviceValue', before.deviceValue, after.deviceValue),
    ...differing('rbacGroupId', before.deviceGroup, after.deviceGroup),
  }
}

function without(tags: readonly string[], others: readonly string[]): string[] {
  return tags.filter((tag) => !others.includes(tag))
}

function listed(name: string, tags: readonly string[]): AuditEntry['detail'] {
  return tags.length === 0 ? {} : { [name]: tags }
}

function differing(name: string, before: string | number, after: string | number): AuditEntry['detail'] {
  return before === after ? {} : { [`${name}Before`]: before, [name]: after }
}
