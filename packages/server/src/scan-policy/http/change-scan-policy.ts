import { ChangeScanPolicyBody, ScanPolicy } from '@fleetsweep/protocol'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ScanPolicyService } from '../index.ts'

/** Changes how scans of the machines of a device group are made, from the next order on. */
export const changeScanPolicy = operation({
  route: 'PATCH /fleet/v1/deviceGroups/:deviceGroupId/scanPolicy',
  summary: 'Change the scan policy of a device group',
  description:
    'What the body does not name stays; a list replaces the old one. It holds for scans whose order has not gone out yet.',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  body: ChangeScanPolicyBody,
  answers: { 200: ScanPolicy },
  handle: ({ params, body, principal }, { scanPolicies }: { scanPolicies: ScanPolicyService }) =>
    scanPolicies.change(principal.tenant, auditPrincipal(principal), params.deviceGroupId, body),
})
