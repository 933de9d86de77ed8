import type { Clock } from '@fleetsweep/protocol'
import { Answer, ApiError, EventStream } from '../../kit/http/index.ts'
import { operation, type Principal, reachesAll } from '../../principal/index.ts'
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
  access: { permission: ['Machine.Read.All', 'Machine.ReadWrite.All', 'Scan.Read.All'], reach: 'machines' },
  answers: { 200: 'text/event-stream' },
  handle: (
    { principal, headers, origin, address },
    services: { fleetEvents: FleetEventService; authenticate: Authenticate; clock: Clock },
  ) => {
    if (!reachesAll(principal)) {
      throw new ApiError('Forbidden', 'Live events are for principals that reach all machines')
    }
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

/** Whoever lost a permission comes back with what is left. */
function isSame(now: Principal, then: Principal): boolean {
  return now.id === then.id && [...then.permissions].every((permission) => now.permissions.has(permission))
}
