import { AgentSettings, type OrderKey, type SignedSettings } from '@fleetsweep/protocol'
import { LazySchema } from '../kit/lazy-schema.ts'
import { parseJson } from '../os/parse-json.ts'
import { isSignedBy } from '../signing/ed25519.ts'

/** What settings must be bound to. */
export type SettingsBounds = {
  /** The newest key of the chain that this connection announced. */
  key: OrderKey
  machineId: string
  agentNonce: string
  /** Counter of the last settings of this connection; 0 before the first. */
  lastCounter: number
}

export type RefusedSettings = 'badSignature' | 'notSettings' | 'otherMachine' | 'otherConnection' | 'repeated'

const schema = new LazySchema(AgentSettings)

/** Decides whether settings hold: signed by the right key over just this text, for this machine, on this connection, and new. */
export function checkSettings(
  { settings: text, signature }: SignedSettings,
  { key, machineId, agentNonce, lastCounter }: SettingsBounds,
): { kind: 'settings'; settings: AgentSettings } | { kind: 'refused'; why: RefusedSettings } {
  if (!isSignedBy(key.publicKey, 'fleetsweep.agent.v1/settings', [text], signature))
    return refused('badSignature')
  const settings = parseJson(text)
  if (!schema.Check(settings)) return refused('notSettings')
  if (settings.machineId !== machineId) return refused('otherMachine')
  if (settings.agentNonce !== agentNonce) return refused('otherConnection')
  return settings.counter > lastCounter ? { kind: 'settings', settings } : refused('repeated')
}

function refused(why: RefusedSettings): { kind: 'refused'; why: RefusedSettings } {
  return { kind: 'refused', why }
}
