import {
  type ChangeScanPolicyBody,
  formatInstant,
  readDeviceGroupId,
  type ScanPolicy,
  type TenantId,
  whyNotPolicy,
} from '@fleetsweep/protocol'
import type { AuditPrincipal } from '../audit/index.ts'
import { ApiError, notFound } from '../kit/http/index.ts'
import { present } from '../kit/present.ts'
import type { StoredScanPolicy } from './scan-policy.ts'
import type { ScanPolicyStore } from './scan-policy-store.ts'

/** How scans are made. Both throw ApiError `ResourceNotFound` when there is no such device group. */
export type ScanPolicyService = {
  get(tenant: TenantId, deviceGroup: string): Promise<ScanPolicy>
  /** @throws ApiError `InvalidInput` for exclusions that no order could carry, or that would leave nothing to scan */
  change(
    tenant: TenantId,
    by: AuditPrincipal,
    deviceGroup: string,
    change: ChangeScanPolicyBody,
  ): Promise<ScanPolicy>
}

export function scanPolicyService(parts: {
  scanPoliciesOf: (tenant: TenantId) => ScanPolicyStore
  newId: () => string
}): ScanPolicyService {
  const { scanPoliciesOf, newId } = parts
  return {
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
