import { renderFilePath } from '@fleetsweep/protocol'
import { isWindowsPath, renderWindowsPath } from '../os/windows-path.ts'
import type { ScanRequest } from './scan.ts'
import type { ScanConfig } from './scan-config.ts'

const SHOWN_CHARACTERS = 200

/**
 * Why Microsoft Defender must not make this scan, in one sentence; undefined when it may. It walks by itself, so what
 * is not to be opened, or how much it may use, it would not keep to.
 */
export function findDefenderRefusal(
  { scanType, paths, settings }: Pick<ScanRequest, 'scanType' | 'paths' | 'settings'>,
  policy: Pick<ScanConfig, 'allowedPaths' | 'exclude' | 'cpuCeilingPercent'>,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const kept = Object.entries(policy).find(([name, value]) => POLICY.has(name) && value !== undefined)?.[0]
  if (kept !== undefined)
    return `Nothing was scanned: policy.toml of this machine lays down ${kept}, which Microsoft Defender would not keep to.`
  const exclusion = settings.exclusions.find((path) => isOfHere(path, platform))
  if (exclusion !== undefined)
    return `Nothing was scanned: Microsoft Defender would not leave out "${shown(exclusion)}", as the policy asks. Exclude it in Defender, and not here.`
  if (scanType !== 'Custom') return undefined
  if (paths.length === 0) return 'Nothing was scanned: no path was named.'
  const wrong = paths.find((path) => !isOfHere(path, platform) || /\p{Cc}/u.test(path))
  return wrong === undefined
    ? undefined
    : `Nothing was scanned: the path "${shown(wrong)}" is none of this machine.`
}

const POLICY: ReadonlySet<string> = new Set(['allowedPaths', 'exclude', 'cpuCeilingPercent'])

/**
 * On Windows a path on a drive, without what no Windows name may hold and MpCmdRun might take for a pattern, and without
 * halves of characters, which would reach no program as they are.
 */
function isOfHere(path: string, platform: NodeJS.Platform): boolean {
  return platform === 'win32' ? /^[A-Za-z]:[\\/][^*?"<>|:\p{Cs}]*$/u.test(path) : path.startsWith('/')
}

function shown(path: string): string {
  const { text } = isWindowsPath(path) ? renderWindowsPath(path) : renderFilePath(Buffer.from(path))
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
