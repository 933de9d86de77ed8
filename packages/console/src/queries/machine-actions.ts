import type { ScanProgress } from '@fleetsweep/protocol'
import { isFinal } from '@fleetsweep/protocol'
import { skipToken, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useSession } from '../session/session.ts'
import { firstItems, MOST_ROWS } from './collect.ts'
import { keys } from './keys.ts'
import { useLive } from './live-events.ts'

/** Where live events are forbidden or cut off, pages look again this often. */
const POLL_MS = 15_000
/** That a machine fell silent is told by no event. */
const SILENCE_MS = 60_000

export function useMachineActions() {
  const { client } = useSession()
  const live = useLive()
  return useQuery({
    queryKey: keys.machineActions,
    queryFn: ({ signal }) => firstItems(client.listMachineActions({ limit: MOST_ROWS + 1, signal })),
    refetchInterval: live === 'connected' ? false : POLL_MS,
  })
}

export function useMachineAction(actionId: string) {
  const { client } = useSession()
  const live = useLive()
  return useQuery({
    queryKey: keys.machineAction(actionId),
    queryFn: ({ signal }) => client.getMachineAction(actionId, { signal }),
    refetchInterval: ({ state }) =>
      live === 'connected' || (state.data && isFinal(state.data.status)) ? false : POLL_MS,
  })
}

/** What the machine action cannot say; some who may see the action may not see this. */
export function useScan(actionId: string) {
  const { client } = useSession()
  const live = useLive()
  return useQuery({
    queryKey: keys.scan(actionId),
    queryFn: ({ signal }) => client.getScan(actionId, { signal }),
    refetchInterval: ({ state }) => {
      if (state.data && isFinal(state.data.status)) return false
      return live === 'connected' ? SILENCE_MS : POLL_MS
    },
  })
}

/** The newest progress that a live event told, and when, if any did since the page was opened. */
export function useLiveProgress(actionId: string): { value: ScanProgress; atMs: number } | undefined {
  const { data, dataUpdatedAt } = useQuery<ScanProgress>({
    queryKey: keys.progress(actionId),
    queryFn: skipToken,
  })
  return data && { value: data, atMs: dataUpdatedAt }
}

export function useCancelMachineAction(actionId: string) {
  const { client } = useSession()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (comment: string) =>
      client.cancelMachineAction(actionId, comment === '' ? undefined : comment),
    onSuccess: (action) => {
      queries.setQueryData(keys.machineAction(actionId), action)
      return queries.invalidateQueries({ queryKey: keys.scan(actionId) })
    },
  })
}
