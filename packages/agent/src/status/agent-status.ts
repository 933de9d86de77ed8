import { Inventory, SCAN_TYPES, ScanProgress } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'

/** What a running agent says of itself to `status`; it is only good while the agent holds the lock of its folder. */
export const AgentStatus = Type.Object({
  pid: Type.Integer(),
  agentVersion: Type.String(),
  connection: Type.Object({
    state: Type.Enum(['connecting', 'connected', 'disconnected', 'notAuthenticated', 'closed']),
    /** Microseconds since the epoch, by the machine's clock. */
    since: Type.Integer(),
    reason: Type.Union([Type.String(), Type.Null()]),
  }),
  /** Null until it was looked at. */
  engine: Type.Union([Inventory.properties.engine, Type.Null()]),
  scan: Type.Union([
    Type.Object({ actionId: Type.String(), scanType: Type.Enum(SCAN_TYPES), progress: ScanProgress }),
    Type.Null(),
  ]),
  /** Scans that wait for their turn. */
  waiting: Type.Integer({ minimum: 0 }),
  /** Why the first of them waits. */
  because: Type.Optional(Type.String()),
})
export type AgentStatus = Static<typeof AgentStatus>
