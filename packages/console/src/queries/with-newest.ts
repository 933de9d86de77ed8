import type { MachineAction } from '@fleetsweep/protocol'
import { type FirstItems, MOST_ROWS } from './collect.ts'

/** Replaces the actions that are in the list and puts new ones on top: the list is newest first. */
export function withNewest(
  list: FirstItems<MachineAction>,
  news: readonly MachineAction[],
): FirstItems<MachineAction> {
  const byId = new Map(news.map((action) => [action.id, action]))
  const known = list.items.map((action) => {
    const newer = byId.get(action.id)
    byId.delete(action.id)
    return newer ?? action
  })
  const fresh = [...byId.values()].sort((a, b) => createdAt(b) - createdAt(a))
  const items = [...fresh, ...known]
  return { items: items.slice(0, MOST_ROWS), more: list.more || items.length > MOST_ROWS }
}

function createdAt(action: MachineAction): number {
  return Date.parse(action.creationDateTimeUtc)
}
