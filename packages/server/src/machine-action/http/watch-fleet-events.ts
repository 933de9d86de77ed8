import type { Clock } from '@fleetsweep/protocol'
import { Answer, EventStream } from '../../kit/http/index.ts'
import { operation, type Principal } from '../../principal/index.ts'
import type { FleetEventService } from '../index.ts'

/** Checks credentials anew. @throws ApiError `Unauthorized` */
type Authenticate = (request: {
  authorization: string | undefined
  origin: string
  address: string
}) => Promise<Principal>

/** Follows machine actions and the progress of scans as they change. What happened before is not told. */
export const watchFleetEvents = operation({
  route: 'GET /fleet/v1/events',
  summary: 'Follow events as they happen',
  access: {
    permission: ['Machine.Read.All', 'Machine.ReadWrite.All', 'Scan.Read.All'],
    role: ['ViewData', 'Scan.Read.All'],
    reach: 'machines',
  },
  answers: { 200: 'text/event-stream' },
  handle: (
    { principal, headers, origin, address },
    services: { fleetEvents: FleetEventService; authenticate: Authenticate; clock: Clock },
  ) => {
    const authorization = typeof headers.authorization === 'string' ? headers.authorization : undefined
    const stream = new EventStream({
      clock: services.clock,
      mayGoOn: async () => isSame(await services.authenticate({ authorization, origin, address }), principal),
    })
    try {
      const unwatch = services.fleetEvents.watch({
        principal,
        tell: (type, text) => stream.send(type, text),
        end: () => stream.end(),
        check: () => void stream.check(),
      })
      stream.once('close', unwatch)
    } catch (error) {
      stream.destroy()
      throw error
    }
    // Proxies that collect answers before they pass them on would make live events late.
    return new Answer(200, stream, { 'x-accel-buffering': 'no' })
  },
})

/** Whoever may do or reach anything else than before comes back, and hears what is theirs now. */
function isSame(now: Principal, then: Principal): boolean {
  if (now === then) return true
  const [rights, before] = [now, then].map(({ permissions, rolePermissions, reach }) =>
    JSON.stringify([[...permissions].sort(), rolePermissions && [...rolePermissions].sort(), reach]),
  )
  return now.id === then.id && rights === before
}
