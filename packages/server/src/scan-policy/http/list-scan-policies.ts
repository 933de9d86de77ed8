import { NamedScanPolicyList } from '@fleetsweep/protocol'
import { operation } from '../../principal/index.ts'
import type { ScanPolicyService } from '../index.ts'

/** How scans of the machines of each device group are made, for whoever may read scans. */
export const listScanPolicies = operation({
  route: 'GET /fleet/v1/scanPolicies',
  summary: 'List the scan policies of device groups',
  description:
    'The highest rank first, that of the ungrouped devices last. Whoever does not administer device groups sees those within reach.',
  access: {
    permission: ['Scan.Read.All', 'Fleet.Admin'],
    role: ['Scan.Read.All', 'Fleet.Admin'],
    reach: 'machines',
  },
  answers: { 200: NamedScanPolicyList },
  handle: async ({ principal }, { scanPolicies }: { scanPolicies: ScanPolicyService }) => ({
    items: await scanPolicies.list(principal),
    nextCursor: null,
  }),
})
