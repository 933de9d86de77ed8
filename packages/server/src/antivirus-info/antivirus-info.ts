import {
  AV_MODES,
  type AvScanResult,
  addMs,
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

export function engineFacts({ state, version, signatures }: Inventory['engine']): EngineFacts {
  if (signatures === null) return { state, version, signatures: null }
  const { identity, official, builtAt } = signatures
  const built = builtAt === null ? null : (parseInstant(builtAt) ?? null)
  const set = { identity, version: signatures.version, isOfficial: official, builtAt: built }
  return { state, version, signatures: set }
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

/**
 * Never `active`, which stands for protection in real time: an engine that scans on demand does not give it, and what
 * else may run on the machine is not known.
 */
export function avModeOf(state: EngineFacts['state']): string {
  return state === 'missing' ? AV_MODES.disabled : AV_MODES.other
}

const STATUS_OF = { True: 'Updated', False: 'NotUpdated', Unknown: 'Unknown' } as const

/** `defenderAvStatus` of a machine: says the same as its antivirus info in one word. */
export function antivirusStatus(engine: Inventory['engine'], now: Instant): string {
  return engine.state === 'missing' ? 'Disabled' : STATUS_OF[signatureFreshness(engineFacts(engine), now)]
}
