import { ScanPolicy } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { ScanPolicyService } from '../index.ts'

/** How scans of the machines of a device group are made. */
export const getScanPolicy = operation({
  route: 'GET /fleet/v1/deviceGroups/:deviceGroupId/scanPolicy',
  summary: 'Get the scan policy of a device group',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 200: ScanPolicy },
  handle: ({ params, principal }, { scanPolicies }: { scanPolicies: ScanPolicyService }) =>
    scanPolicies.get(principal.tenant, params.deviceGroupId),
})
