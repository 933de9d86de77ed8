import type { ODataFilter, RequestScanBody } from '@fleetsweep/protocol'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useSession } from '../session/session.ts'
import { firstItems, MOST_ROWS } from './collect.ts'
import { useIdempotencyKey } from './idempotency-key.ts'
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

/** What these machines scan with, by their ids. */
export function useEngines(machineIds: readonly string[]) {
  const { client } = useSession()
  return useQuery({
    queryKey: keys.engines(machineIds),
    queryFn: async ({ signal }) => {
      const engines = await client.listEngines(machineIds, { signal })
      return new Map(engines.map((engine) => [engine.machineId, engine]))
    },
    enabled: machineIds.length > 0,
    placeholderData: keepPreviousData,
  })
}

/** Asks for a scan; the same one asked for again from the same dialog is not started twice. */
export function useRequestScan(machineId: string) {
  const { client } = useSession()
  const queries = useQueryClient()
  const keyOf = useIdempotencyKey()
  return useMutation({
    mutationFn: (scan: RequestScanBody) =>
      client.requestScan(machineId, scan, { idempotencyKey: keyOf(scan) }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.machineActions }),
  })
}
