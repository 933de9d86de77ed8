import type { ODataFilter, ScanType } from '@fleetsweep/protocol'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useSession } from '../session/session.ts'
import { firstItems, MOST_ROWS } from './collect.ts'
import { keys } from './keys.ts'

/** Machines whose name begins so, all with an empty text. */
export function useMachines(name: string) {
  const { client } = useSession()
  return useQuery({
    queryKey: keys.machines(name),
    queryFn: ({ signal }) => {
      const filter: ODataFilter = {
        kind: 'match',
        function: 'startswith',
        field: 'computerDnsName',
        value: name,
      }
      return firstItems(client.listMachines({ ...(name !== '' && { filter }), limit: MOST_ROWS + 1, signal }))
    },
    placeholderData: keepPreviousData,
    // Events tell of actions, not of machines that come and go.
    refetchInterval: 60_000,
  })
}

export function useRunScan() {
  const { client } = useSession()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ machineId, ...scan }: { machineId: string; scanType: ScanType; comment: string }) =>
      client.runAntivirusScan(machineId, scan),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.machineActions }),
  })
}
