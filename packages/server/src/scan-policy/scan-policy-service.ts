import {
  type ChangeScanPolicyBody,
  formatInstant,
  type NamedScanPolicy,
  readDeviceGroupId,
  type ScanPolicy,
  type TenantId,
  whyNotPolicy,
} from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import { ApiError, isAllowed, notFound } from '../kit/http/index.ts'
import { present } from '../kit/present.ts'
import { type Principal, reaches } from '../principal/index.ts'
import type { StoredScanPolicy } from './scan-policy.ts'
import type { ScanPolicyStore } from './scan-policy-store.ts'

/** How scans are made. What names a device group throws ApiError `ResourceNotFound` when there is no such device group. */
export type ScanPolicyService = {
  /** Those of the device groups within reach; of all for whoever administers them. */
  list(principal: Principal): Promise<NamedScanPolicy[]>
  get(tenant: TenantId, deviceGroup: string): Promise<ScanPolicy>
  /** @throws ApiError `InvalidInput` for exclusions that no order could carry, or that would leave nothing to scan */
  change(
    tenant: TenantId,
    by: AuditPrincipal,
    deviceGroup: string,
    change: ChangeScanPolicyBody,
  ): Promise<ScanPolicy>
  /** Puts the defaults back. */
  remove(tenant: TenantId, by: AuditPrincipal, deviceGroup: string): Promise<void>
}

const ADMINISTER = { permission: ['Fleet.Admin'], role: ['Fleet.Admin'] } as const

export function scanPolicyService(parts: {
  scanPoliciesOf: (tenant: TenantId) => ScanPolicyStore
  newId: () => string
}): ScanPolicyService {
  const { scanPoliciesOf, newId } = parts
  return {
    async list(principal) {
      const policies = await scanPoliciesOf(principal.tenant).list()
      const isTheirs = ({ deviceGroup }: StoredScanPolicy) =>
        isAllowed(principal, ADMINISTER) || reaches(principal.reach, deviceGroup)
      return policies
        .filter(isTheirs)
        .map(({ deviceGroupName, ...policy }) => ({ deviceGroupName, ...shown(policy) }))
    },
    async get(tenant, text) {
      const id = readDeviceGroupId(text)
      const policy = id === undefined ? undefined : await scanPoliciesOf(tenant).find(id)
      if (!policy) throw unknown(text)
      return shown(policy)
    },
    async change(tenant, by, text, change) {
      const id = readDeviceGroupId(text)
      if (id === undefined) throw unknown(text)
      const why = change.exclusions && whyNotPolicy({ exclusions: change.exclusions })
      if (why !== undefined) throw new ApiError('InvalidInput', why)
      const outcome = await scanPoliciesOf(tenant).change(id, present(change), {
        id: newId(),
        principal: by,
        operation: 'scanPolicy.change',
        target: text,
        detail: {},
      })
      if (outcome.kind === 'unknown') throw unknown(text)
      return shown(outcome.policy)
    },
    async remove(tenant, by, text) {
      const id = readDeviceGroupId(text)
      if (id === undefined) throw unknown(text)
      const outcome = await scanPoliciesOf(tenant).remove(id, {
        id: newId(),
        principal: by,
        operation: 'scanPolicy.remove',
        target: text,
        detail: {},
      })
      if (outcome.kind === 'unknown') throw unknown(text)
    },
  }
}

function unknown(text: string): ApiError {
  return notFound(`The device group ${text}`)
}

function shown({ deviceGroup, settings, changedAt }: StoredScanPolicy): ScanPolicy {
  return {
    deviceGroupId: deviceGroup,
    ...settings,
    changedAt: changedAt === null ? null : formatInstant(changedAt),
  }
}
