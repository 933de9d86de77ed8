import { DEFENDER_MODES, type DefenderMode } from '@fleetsweep/protocol'

/** What a mode means for a scan on demand. */
export type ScanAbility =
  | { scans: true; remediates: boolean; note: string | null }
  | { scans: false; reason: string }

/**
 * What each mode allows.
 *
 * @see https://learn.microsoft.com/en-us/defender-endpoint/microsoft-defender-antivirus-compatibility
 */
export const SCAN_ABILITY: Record<DefenderMode, ScanAbility> = {
  Normal: { scans: true, remediates: true, note: null },
  'Passive Mode': notRemediating('passive mode'),
  'EDR Block Mode': {
    scans: true,
    remediates: false,
    note: 'Microsoft Defender runs in EDR block mode beside another antivirus: this scan is not counted on to remediate, whatever that mode blocks by itself.',
  },
  'SxS Passive Mode': notRemediating('side-by-side passive mode'),
  'Not running': {
    scans: false,
    reason:
      'Microsoft Defender Antivirus is not running on this machine. Turn it on, or install another engine.',
  },
}

/** Reads `AMRunningMode`, which some versions write as `Passive` alone; `undefined` for a mode that we do not know. */
export function parseRunningMode(text: string): DefenderMode | undefined {
  const plain = (mode: string) =>
    mode
      .trim()
      .toLowerCase()
      .replace(/ mode$/, '')
  return DEFENDER_MODES.find((mode) => plain(mode) === plain(text))
}

function notRemediating(mode: string): ScanAbility {
  return {
    scans: true,
    remediates: false,
    note: `Microsoft Defender runs in ${mode}: it scans and reports, and does not remediate.`,
  }
}
