import type { MachineEngine } from '@fleetsweep/protocol'
import { countOf } from './amounts.ts'

/**
 * How good the signatures of a machine are, such as `in date, 1 day old`, `old signatures, 12 days old`,
 * `test signatures only`, `no signatures`; `no engine` where there is none to use them.
 */
export function describeSignatures({
  state,
  signatures,
}: Pick<MachineEngine, 'state' | 'signatures'>): string {
  if (state === 'missing') return 'no engine'
  switch (signatures.state) {
    case 'none':
      return 'no signatures'
    case 'testOnly':
      return 'test signatures only'
    case 'old':
      return `old signatures, ${ageOf(signatures.ageDays)}`
    case 'inDate':
      return `in date, ${ageOf(signatures.ageDays)}`
  }
}

/** What a machine scans with, such as `ClamAV 1.4.6, started for scans`. */
export function describeMachineEngine({
  name,
  version,
  state,
  life,
}: Pick<MachineEngine, 'name' | 'version' | 'state' | 'life'>): string {
  if (state === 'missing') return `no ${name}`
  const known = version === null ? name : `${name} ${version}`
  return life === null ? known : `${known}, ${LIFE_WORDS[life]}`
}

const LIFE_WORDS: Record<NonNullable<MachineEngine['life']>, string> = {
  onDemand: 'started for scans',
  resident: 'kept running',
  system: 'runs by itself',
}

function ageOf(days: number | null): string {
  if (days === null) return 'of unknown age'
  return days === 0 ? 'of today' : `${countOf(days, 'day')} old`
}
