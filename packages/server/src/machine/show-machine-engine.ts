import {
  formatInstant,
  type Instant,
  type MachineEngine,
  msBetween,
  parseInstant,
  signatureState,
} from '@fleetsweep/protocol'
import type { StoredMachine } from './machine.ts'

const DAY_MS = 86_400_000

/** What a machine scans with, and how good its signatures are now. */
export function showMachineEngine(
  { id, computerDnsName, agentVersion, engine }: StoredMachine,
  now: Instant,
): MachineEngine {
  const { name, version, state, life = null } = engine
  return {
    machineId: id,
    computerDnsName,
    agentVersion,
    name,
    version,
    state,
    life,
    signatures: showSignatures(state === 'ready' ? engine.signatures : null, now),
  }
}

function showSignatures(
  set: StoredMachine['engine']['signatures'],
  now: Instant,
): MachineEngine['signatures'] {
  if (set === null) return { state: 'none', version: null, builtAt: null, ageDays: null, count: 0 }
  const { version, count } = set
  const built = set.builtAt === null ? undefined : parseInstant(set.builtAt)
  // A maker's clock may be ahead of ours.
  const ageDays = built === undefined ? null : Math.max(0, Math.floor(msBetween(built, now) / DAY_MS))
  const builtAt = built === undefined ? null : formatInstant(built)
  return { state: signatureState(set, now), version, builtAt, ageDays, count }
}
