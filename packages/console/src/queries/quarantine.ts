import {
  isFinal,
  type MachineTask,
  type Me,
  type QuarantineState,
  type RequestedTask,
} from '@fleetsweep/protocol'
import { keepPreviousData, skipToken, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useSession } from '../session/session.ts'
import { firstItems } from './collect.ts'
import { keys } from './keys.ts'
import { useMe } from './me.ts'

/** The server holds its answer about a task for so long, unless it ends. */
const HOLD_SECONDS = 25
/** Between two such answers. */
const PAUSE_MS = 1_000
/** Live events tell of scans, not of what machines keep. */
const POLL_MS = 15_000

/** What is asked of a machine about one file. */
export type FileTask = { verb: 'quarantine' | 'restore'; id: string }

/** True once it is known that whoever is signed in may move files; the server has the last word. */
export function useMayMoveFiles(): boolean {
  const { data } = useMe()
  return data !== undefined && mayMoveFiles(data)
}

function mayMoveFiles({ permissions, rolePermissions }: Me): boolean {
  return (
    permissions.includes('Machine.StopAndQuarantine') &&
    (rolePermissions === null || rolePermissions.includes('ActiveRemediationActions'))
  )
}

/** Files that machines keep, all or only some. */
export function useQuarantine(only: { machineId?: string; state?: QuarantineState }) {
  const { client } = useSession()
  return useQuery({
    queryKey: keys.quarantine(only.machineId, only.state),
    queryFn: ({ signal }) => firstItems(client.quarantine.list(only, { signal })),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  })
}

/** Asks for a task; from then on `useFileTask` says how it goes. */
export function useAskFileTask({ verb, id }: FileTask) {
  const { client } = useSession()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (comment: string): Promise<RequestedTask> =>
      verb === 'quarantine'
        ? client.quarantine.add(id, { comment })
        : client.quarantine.restore(id, { comment }),
    onSuccess: ({ taskId }) => queries.setQueryData(keys.fileTask(verb, id), taskId),
  })
}

/**
 * What was last asked for here about a file, followed to its end.
 *
 * @returns `waiting` until the server says how it stands; `undefined` when nothing was asked for
 */
export function useFileTask({ verb, id }: FileTask): MachineTask | 'waiting' | undefined {
  const { client } = useSession()
  const queries = useQueryClient()
  const asked = useQuery<string>({ queryKey: keys.fileTask(verb, id), queryFn: skipToken }).data
  const { data } = useQuery({
    queryKey: keys.machineTask(asked ?? ''),
    queryFn:
      asked === undefined
        ? skipToken
        : async ({ signal }) => {
            const task = await client.machineTasks.get(asked, { waitSeconds: HOLD_SECONDS, signal })
            if (isFinal(task.status)) void forgetFiles()
            return task
          },
    refetchInterval: ({ state }) => (state.data && isFinal(state.data.status) ? false : PAUSE_MS),
  })
  return asked === undefined ? undefined : (data ?? 'waiting')

  /** The file is elsewhere now: whatever shows it is read anew. */
  async function forgetFiles(): Promise<void> {
    await Promise.all([
      queries.invalidateQueries({ queryKey: keys.scans }),
      queries.invalidateQueries({ queryKey: keys.quarantines }),
    ])
  }
}
