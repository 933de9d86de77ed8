import { Type } from 'typebox'
import { Answer } from '../../kit/http/index.ts'
import { auditPrincipal, operation } from '../../principal/index.ts'
import type { ScanPolicyService } from '../index.ts'

/** Puts the defaults back for a device group, from the next order on. */
export const removeScanPolicy = operation({
  route: 'DELETE /fleet/v1/deviceGroups/:deviceGroupId/scanPolicy',
  summary: 'Put the default scan policy of a device group back',
  access: { permission: ['Fleet.Admin'], role: ['Fleet.Admin'], reach: 'tenant' },
  answers: { 204: Type.Null() },
  handle: async ({ params, principal }, { scanPolicies }: { scanPolicies: ScanPolicyService }) => {
    await scanPolicies.remove(principal.tenant, auditPrincipal(principal), params.deviceGroupId)
    return new Answer(204, null)
  },
})
