import type { ChangeScanPolicyBody } from '@fleetsweep/protocol'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useSession } from '../session/session.ts'
import { firstItems } from './collect.ts'
import { keys } from './keys.ts'

/** Those of all device groups within reach. */
export function useScanPolicies() {
  const { client } = useSession()
  return useQuery({
    queryKey: keys.scanPolicies,
    queryFn: ({ signal }) => firstItems(client.access.listScanPolicies({ signal })),
  })
}

/** Changes a policy, or puts the defaults back with `defaults`. */
export function useChangeScanPolicy(deviceGroupId: number) {
  const { client } = useSession()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async (change: ChangeScanPolicyBody | 'defaults') => {
      if (change === 'defaults') await client.access.removeScanPolicy(deviceGroupId)
      else await client.access.changeScanPolicy(deviceGroupId, change)
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.scanPolicies }),
  })
}
