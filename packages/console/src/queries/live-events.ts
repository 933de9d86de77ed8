import { ClientError, type FleetsweepClient } from '@fleetsweep/client'
import type { FleetEvent, MachineAction } from '@fleetsweep/protocol'
import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState } from 'react'
import { useSession } from '../session/session.ts'
import type { FirstItems } from './collect.ts'
import { keys } from './keys.ts'
import { withNewest } from './with-newest.ts'

/** `refused`: this principal may not see live events; pages look for themselves now and then. */
export type Live = 'connecting' | 'connected' | 'disconnected' | 'refused'

export const LiveContext = createContext<Live>('connecting')

export function useLive(): Live {
  return useContext(LiveContext)
}

/** A busy fleet sends more events than anybody can read: what came within this time is shown at once. */
const GATHER_MS = 200

/** Follows the live events and writes them into what the pages show, for as long as its component is shown. */
export function useLiveEvents(): Live {
  const { client } = useSession()
  const queries = useQueryClient()
  const [live, setLive] = useState<Live>('connecting')
  useEffect(() => {
    const abort = new AbortController()
    follow(client, queries, setLive, abort.signal).catch((error) => {
      if (!abort.signal.aborted) throw error
    })
    return () => abort.abort()
  }, [client, queries])
  return live
}

async function follow(
  client: FleetsweepClient,
  queries: QueryClient,
  setLive: (live: Live) => void,
  signal: AbortSignal,
): Promise<void> {
  const gathered = new GatheredEvents(queries)
  try {
    for await (const event of client.watchEvents({ signal })) {
      if (event.type === 'connected') {
        setLive('connected')
        // Whatever happened while nobody listened is read anew, before newer events are applied to it.
        await queries.invalidateQueries()
      } else if (event.type === 'disconnected') setLive('disconnected')
      else gathered.add(event)
    }
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    setLive('refused')
  } finally {
    gathered.stop()
  }
}

/** Keeps the newest event of each action and kind until it is time to show them. */
class GatheredEvents {
  readonly #queries: QueryClient
  readonly #events = new Map<string, FleetEvent>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(queries: QueryClient) {
    this.#queries = queries
  }

  add(event: FleetEvent): void {
    const id = event.type === 'machineAction' ? event.machineAction.id : event.actionId
    this.#events.set(`${event.type} ${id}`, event)
    this.#timer ??= setTimeout(() => this.#show(), GATHER_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #show(): void {
    this.#timer = undefined
    const actions: MachineAction[] = []
    for (const event of this.#events.values()) {
      if (event.type === 'machineAction') actions.push(event.machineAction)
      else this.#queries.setQueryData(keys.progress(event.actionId), event.progress)
    }
    this.#events.clear()
    for (const action of actions) {
      this.#put<MachineAction>(keys.machineAction(action.id), () => action)
      void this.#queries.invalidateQueries({ queryKey: keys.scan(action.id) })
    }
    if (actions.length > 0) {
      this.#put<FirstItems<MachineAction>>(keys.machineActions, (list) => list && withNewest(list, actions))
    }
  }

  /** An answer that is still on its way may be older than the event: it is asked for again. */
  #put<T>(queryKey: readonly string[], change: (now: T | undefined) => T | undefined): void {
    if (this.#queries.isFetching({ queryKey, exact: true }) > 0) {
      void this.#queries.invalidateQueries({ queryKey, exact: true })
    } else this.#queries.setQueryData<T>(queryKey, change)
  }
}
