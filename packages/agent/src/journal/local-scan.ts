import { SCAN_TYPES, ScanOrder, ScanSettings } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'

/** Who asked for an action: the server by a signed order, or somebody on this machine. */
export type Origin = 'server' | 'local'

/**
 * A scan that somebody on this machine asked for. The server is never told of it. Its id is no GUID, so that no order
 * and no answer of the server can name it.
 */
export const LocalScan = Type.Object(
  {
    actionId: Type.String({ pattern: '^local-[0-9a-f-]{36}$' }),
    scanType: Type.Enum(SCAN_TYPES),
    /** What a `Custom` scan looks at; empty for the others. */
    paths: Type.Array(Type.String({ pattern: '^/' }), { maxItems: 100 }),
    settings: ScanSettings,
    requestor: ScanOrder.properties.requestor,
  },
  { additionalProperties: false },
)
export type LocalScan = Static<typeof LocalScan>

/** True for the id of an action that the server is never told of. */
export function isLocalActionId(actionId: string): boolean {
  return actionId.startsWith('local-')
}
