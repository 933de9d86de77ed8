import type { Alert, AlertChange, Machine } from '@fleetsweep/protocol'
import { Refused } from './fake-answer.ts'

type AlertCall = {
  /** Method and path. */
  route: string
  /** What the path names, decoded. */
  id: string
  search: URLSearchParams
  /** As JSON; not checked. */
  body: unknown
  server: { alerts: readonly Alert[]; machine: (idOrName: string) => Machine; now: () => string }
}

/** Answers the calls about alerts as a server does: one alert, or a list before filter and page; `undefined` for any other. */
export function answerAlertCall({
  route,
  id,
  search,
  body,
  server,
}: AlertCall): { alert: Alert } | { list: Alert[] } | undefined {
  const listed = (alerts: readonly Alert[]) => ({
    list: alerts.map((alert) => (search.get('$expand') === 'evidence' ? alert : { ...alert, evidence: [] })),
  })
  if (/^GET \/api\/alerts$/.test(route)) return listed(server.alerts)
  if (/^GET \/api\/machines\/[^/]+\/alerts$/.test(route)) {
    const machine = server.machine(id)
    return listed(server.alerts.filter(({ machineId }) => machineId === machine.id))
  }
  if (!/^(GET|PATCH) \/api\/alerts\/[^/]+$/.test(route)) return undefined
  const alert = server.alerts.find((one) => one.id === id)
  if (!alert) throw new Refused('ResourceNotFound', `Alert ${id} was not found`)
  if (route.startsWith('PATCH')) update(alert, body as AlertChange, server.now())
  return { alert }
}

function update(alert: Alert, { comment, ...change }: AlertChange, now: string): void {
  const added = comment === undefined ? [] : [{ comment, createdBy: 'Console tests', createdTime: now }]
  Object.assign(alert, change, { lastUpdateTime: now, comments: [...alert.comments, ...added] })
  if (change.status !== undefined) alert.resolvedTime = change.status === 'Resolved' ? now : null
}
