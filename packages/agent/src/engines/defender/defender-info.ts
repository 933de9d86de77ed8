import { createHash } from 'node:crypto'
import { formatInstant, instantFromMs, type SignatureSet } from '@fleetsweep/protocol'

/** What Defender is called, on every system. */
export const DEFENDER_NAME = 'Microsoft Defender'

/** What holds for every scan by Defender, for its report. */
export const DEFENDER_UNTOLD: readonly string[] = [
  'Microsoft Defender does not tell what it skipped by its own exclusions or could not read.',
  'It keeps to its own CPU limit, not to the one of this scan.',
  'It deals with what it finds by its own settings, whatever the policy of the scan says.',
]

/**
 * Defender's signatures. How many they are it does not tell.
 *
 * @param updatedAtMs when the machine got them, as near as Defender tells when they were built
 */
export function defenderSignatures(version: string, updatedAtMs: number | undefined): SignatureSet {
  return {
    official: true,
    version,
    builtAt: updatedAtMs === undefined ? null : formatInstant(instantFromMs(updatedAtMs)),
    count: 0,
    identity: createHash('sha256').update(`${DEFENDER_NAME}\n${version}`).digest('hex'),
  }
}
