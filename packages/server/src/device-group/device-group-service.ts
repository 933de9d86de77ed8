import {
  type ChangeDeviceGroupBody,
  type CreateDeviceGroupBody,
  type DeviceGroup,
  type DeviceGroupId,
  type DeviceGroupList,
  type DeviceGroupPreview,
  type DeviceGroupRules,
  MAX_DEVICE_GROUPS,
  readDeviceGroupId,
  type TenantId,
  type UserGroupId,
} from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import { present } from '../kit/present.ts'
import type { MachineStore } from '../machine/index.ts'
import type { Principal } from '../principal/index.ts'
import { type AccessChangeParts, accessChange } from '../tenant/index.ts'
import type { StoredDeviceGroup } from './device-group.ts'
import type { DeviceGroupStore } from './device-group-store.ts'

/**
 * Sets of machines that people reach. Every method that names a device group throws ApiError `ResourceNotFound` when
 * there is none of that id, and every one that changes something ApiError `InvalidInput` with what stands in the way.
 */
export type DeviceGroupService = {
  /** All of them, the highest rank first, the ungrouped machines last. */
  list(tenant: TenantId): Promise<DeviceGroupList>
  get(tenant: TenantId, id: string): Promise<DeviceGroup>
  create(tenant: TenantId, by: AuditPrincipal, wanted: CreateDeviceGroupBody): Promise<DeviceGroup>
  change(
    tenant: TenantId,
    by: AuditPrincipal,
    id: string,
    change: ChangeDeviceGroupBody,
  ): Promise<DeviceGroup>
  /** Its machines go to the next group that matches. */
  delete(tenant: TenantId, by: AuditPrincipal, id: string): Promise<void>
  /** Ranks all groups but the ungrouped machines anew, the highest first. */
  order(tenant: TenantId, by: AuditPrincipal, ids: readonly number[]): Promise<DeviceGroupList>
  /** The machines within reach that rules match, whatever group has them now. */
  preview(principal: Principal, rules: DeviceGroupRules): Promise<DeviceGroupPreview>
  /** Names of these groups, in the order of their ranks. */
  namesOf(
    tenant: TenantId,
    ids: readonly DeviceGroupId[],
  ): Promise<{ id: DeviceGroupId; displayName: string }[]>
}

const PREVIEWED_MACHINES = 10

const WHY_REFUSED = {
  nameTaken: 'Another device group has this displayName.',
  tooMany: `There are ${MAX_DEVICE_GROUPS} device groups already, which is the most.`,
  userGroupUnknown: 'userGroupIds names a user group that does not exist.',
  userGroupWithoutRole:
    'userGroupIds names a user group that has no role: its people could do nothing there. Assign a role to it first.',
  ungrouped: 'Of the ungrouped devices only remediationLevel and userGroupIds change.',
} as const

export function deviceGroupService(
  parts: AccessChangeParts & {
    deviceGroupsOf: (tenant: TenantId) => DeviceGroupStore
    machinesOf: (tenant: TenantId) => Pick<MachineStore, 'listMatching' | 'countMatching'>
  },
): DeviceGroupService {
  const { deviceGroupsOf, machinesOf } = parts
  const change = accessChange(parts)

  const list = async (tenant: TenantId): Promise<DeviceGroupList> => {
    return { items: (await deviceGroupsOf(tenant).list()).map(shown), nextCursor: null }
  }
  const get = async (tenant: TenantId, text: string): Promise<DeviceGroup> => {
    const id = readDeviceGroupId(text)
    const group = id === undefined ? undefined : await deviceGroupsOf(tenant).find(id)
    if (!group) throw unknown(text)
    return shown(group)
  }

  return {
    list,
    get,
    namesOf: (tenant, ids) => deviceGroupsOf(tenant).namesOf(ids),
    async create(tenant, by, { description = '', userGroupIds = [], ...wanted }) {
      const { displayName, rules, remediationLevel = 'NoAutomatedResponse' } = wanted
      const group = { displayName, description, rules, remediationLevel, userGroups: groupIds(userGroupIds) }
      const detail = { displayName, description, rules, remediationLevel, userGroupIds }
      // The id is given in the write, which puts it into the entry.
      const entry = { by, operation: 'deviceGroup.create', target: '', detail }
      const outcome = await change(tenant, entry, (audit) => deviceGroupsOf(tenant).create(group, audit))
      if (typeof outcome === 'string') throw new ApiError('InvalidInput', WHY_REFUSED[outcome])
      return get(tenant, String(outcome.id))
    },
    async change(tenant, by, text, { displayName, description, rules, remediationLevel, userGroupIds }) {
      const id = readDeviceGroupId(text)
      if (id === undefined) throw unknown(text)
      const userGroups = userGroupIds && groupIds(userGroupIds)
      const wanted = present({ displayName, description, rules, remediationLevel, userGroups })
      const detail = { displayName, description, rules, remediationLevel, userGroupIds }
      const entry = { by, operation: 'deviceGroup.change', target: text, detail }
      const outcome = await change(tenant, entry, (audit) => deviceGroupsOf(tenant).change(id, wanted, audit))
      if (outcome === 'unknown') throw unknown(text)
      if (outcome !== 'changed') throw new ApiError('InvalidInput', WHY_REFUSED[outcome])
      return get(tenant, text)
    },
    async delete(tenant, by, text) {
      const id = readDeviceGroupId(text)
      if (id === undefined) throw unknown(text)
      const entry = { by, operation: 'deviceGroup.delete', target: text }
      const outcome = await change(tenant, entry, (audit) => deviceGroupsOf(tenant).delete(id, audit))
      if (outcome === 'unknown') throw unknown(text)
      if (outcome === 'ungrouped') throw new ApiError('InvalidInput', 'The ungrouped devices stay.')
    },
    async order(tenant, by, ids) {
      const wanted = ids.map((id) => id as DeviceGroupId)
      const entry = { by, operation: 'deviceGroup.order', target: '', detail: { ids } }
      const outcome = await change(tenant, entry, (audit) => deviceGroupsOf(tenant).order(wanted, audit))
      if (outcome === 'notAll') {
        throw new ApiError(
          'InvalidInput',
          'ids must name every device group once, the highest rank first, and not the ungrouped devices (0).',
        )
      }
      return list(tenant)
    },
    async preview({ tenant, reach }, rules) {
      const store = machinesOf(tenant)
      const [count, machines] = await Promise.all([
        store.countMatching(rules, reach),
        store.listMatching(rules, reach, PREVIEWED_MACHINES),
      ])
      return {
        count,
        machines: machines.map((machine) => ({
          id: machine.id,
          computerDnsName: machine.computerDnsName,
          osPlatform: machine.osPlatform,
          machineTags: machine.tags,
          rbacGroupId: machine.deviceGroup,
          rbacGroupName: machine.deviceGroupName,
        })),
      }
    },
  }
}

function unknown(text: string): ApiError {
  return notFound(`The device group ${text}`)
}

function groupIds(ids: readonly string[]): UserGroupId[] {
  return ids.map((id) => id.toLowerCase() as UserGroupId)
}

function shown({ userGroups, ...group }: StoredDeviceGroup): DeviceGroup {
  return { ...group, userGroupIds: userGroups }
}
