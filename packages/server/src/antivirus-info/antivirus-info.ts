import {
  AV_MODES,
  type AvScanResult,
  addMs,
  type DefenderMode,
  type DeviceGroupId,
  type Freshness,
  type Instant,
  type Inventory,
  type MachineId,
  parseInstant,
  SIGNATURES_OLD_AFTER_DAYS,
} from '@fleetsweep/protocol'

/** What a machine told of its engine, as far as it is filtered by. */
export type EngineFacts = {
  state: Inventory['engine']['state']
  /** Null for an engine that has no mode, or none with a name. */
  mode: DefenderMode | null
  version: string | null
  /** Null where the machine told of no signatures. */
  signatures: {
    identity: string
    version: string | null
    isOfficial: boolean
    /** Null when the set does not say. */
    builtAt: Instant | null
  } | null
}

/** How the last scan of a type ended; `result` is empty before the first. */
export type LastScan = { result: AvScanResult; error: string; endedAt: Instant | null }

/** The antivirus of a machine as the server keeps it, with what its entry shows of the machine. */
export type StoredAntivirusInfo = {
  machineId: MachineId
  computerDnsName: string
  osKind: Inventory['osKind']
  osPlatform: string
  osVersion: string | null
  deviceGroup: DeviceGroupId
  deviceGroupName: string | null
  lastSeen: Instant
  engine: EngineFacts
  /** When the server heard of other signatures than before; null while they are those it heard of first. */
  signaturesChangedAt: Instant | null
  quickScan: LastScan
  fullScan: LastScan
  refreshedAt: Instant
}

export function engineFacts(engine: Inventory['engine']): EngineFacts {
  const { state, version, signatures } = engine
  const mode = engine.mode ?? null
  if (signatures === null) return { state, mode, version, signatures: null }
  const { identity, official, builtAt } = signatures
  const built = builtAt === null ? null : (parseInstant(builtAt) ?? null)
  const set = { identity, version: signatures.version, isOfficial: official, builtAt: built }
  return { state, mode, version, signatures: set }
}

/** Signatures built before this are old. */
export function oldBefore(now: Instant): Instant {
  return addMs(now, -SIGNATURES_OLD_AFTER_DAYS * 86_400_000)
}

/** `True` is said only of an official set in date: anything less could miss what is known. */
export function signatureFreshness({ state, signatures }: EngineFacts, now: Instant): Freshness {
  if (state === 'noSignatures') return 'False'
  if (state === 'missing' || signatures === null) return 'Unknown'
  const { isOfficial, builtAt } = signatures
  return isOfficial && builtAt !== null && builtAt >= oldBefore(now) ? 'True' : 'False'
}

/** The digit of each of Defender's own modes. Side by side it scans and only notes, as "passive audit" has it. */
export const AV_MODE_OF: Record<DefenderMode, string> = {
  Normal: AV_MODES.active,
  'Passive Mode': AV_MODES.passive,
  'EDR Block Mode': AV_MODES.edrBlocked,
  'SxS Passive Mode': AV_MODES.passiveAudit,
  'Not running': AV_MODES.disabled,
}

/**
 * `active`, which stands for protection in real time, only by Defender's own word: an engine that scans on demand does
 * not give it, and what else may run on the machine is not known.
 */
export function avModeOf({ state, mode }: Pick<EngineFacts, 'state' | 'mode'>): string {
  if (state === 'missing') return AV_MODES.disabled
  return mode === null ? AV_MODES.other : AV_MODE_OF[mode]
}

const STATUS_OF = { True: 'Updated', False: 'NotUpdated', Unknown: 'Unknown' } as const

/** `defenderAvStatus` of a machine: says the same as its antivirus info in one word. */
export function antivirusStatus(engine: Inventory['engine'], now: Instant): string {
  return engine.state === 'missing' ? 'Disabled' : STATUS_OF[signatureFreshness(engineFacts(engine), now)]
}
