import { parseJson } from '../os/parse-json.ts'
import { type Asked, type Ended, type Found, logEntry } from './log-entry.ts'
import { LogFiles } from './log-files.ts'

/** What is known of one thing that was asked for. Something of it may be too old to be there. */
export type HistoryItem = {
  actionId: string
  asked: Asked | null
  /** Stop orders and the like that came for it. */
  stops: Asked[]
  found: Found[]
  ended: Ended | null
}

/** What the local log of a state folder holds, the newest first. */
export function readHistory(stateDir: string, limit: number): HistoryItem[] {
  const items = new Map<string, HistoryItem>()
  for (const line of new LogFiles(stateDir).lines()) {
    const entry = parseJson(line)
    // A line that a power cut has torn, or an empty one.
    if (!logEntry.Check(entry)) continue
    const { actionId } = entry
    const item = items.get(actionId) ?? { actionId, asked: null, stops: [], found: [], ended: null }
    items.set(actionId, item)
    if (entry.what === 'found') addFound(item, entry)
    else if (entry.what === 'ended') item.ended = entry
    else if (entry.verb === 'stop') item.stops.push(entry)
    else item.asked = entry
  }
  return [...items.values()].reverse().slice(0, limit)
}

/** A later attempt finds again what an earlier one has found. */
function addFound({ found }: HistoryItem, entry: Found): void {
  const isKnown = found.some(({ threatName, path }) => threatName === entry.threatName && path === entry.path)
  if (!isKnown) found.push(entry)
}
