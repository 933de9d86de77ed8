import { ApiError } from '../kit/http/index.ts'
import type { StoredMachine } from '../machine/index.ts'

const FIRST_WINDOWS_10 = { build: 16_299, version: '1709' }
const FIRST_WINDOWS_SERVER_YEAR = 2019

/**
 * Refuses a machine that cannot be scanned. One whose operating system is not known yet is given the benefit of doubt.
 *
 * @throws ApiError `OsPlatformNotSupported`, or `ClientVersionNotSupported` when there is nothing to scan with
 */
export function requireScanSupport({ osKind, osPlatform, osBuild, engine }: StoredMachine): void {
  const unsupported = osKind === 'windows' ? unsupportedWindows(osPlatform, osBuild) : undefined
  if (unsupported !== undefined) {
    throw new ApiError('OsPlatformNotSupported', `RunAntiVirusScan is not supported on ${unsupported}`)
  }
  if (engine.state === 'missing') {
    throw new ApiError(
      'ClientVersionNotSupported',
      `RunAntiVirusScan needs an antivirus engine of any version, and ${whyNoEngine(engine)}`,
    )
  }
}

/** An agent says `missing` also of an engine that is there and cannot scan; then it tells a version or a mode. */
function whyNoEngine({ name, version, mode }: StoredMachine['engine']): string {
  if (mode === 'Not running') return `${name} is not running on the machine: turn it on`
  return version === null ? 'the machine has none: install one' : `${name} ${version} cannot scan there`
}

/** What of a Windows is too old, in words; `undefined` when nothing is, or nobody can tell. */
function unsupportedWindows(osPlatform: string, osBuild: number | null): string | undefined {
  const server = /^WindowsServer(\d{4})/i.exec(osPlatform)
  if (server) return Number(server[1]) < FIRST_WINDOWS_SERVER_YEAR ? osPlatform : undefined
  const version = Number(/^Windows(\d+)/i.exec(osPlatform)?.[1] ?? Number.POSITIVE_INFINITY)
  if (version !== 10) return version < 10 ? osPlatform : undefined
  if (osBuild === null || osBuild >= FIRST_WINDOWS_10.build) return undefined
  return `${osPlatform} of build ${osBuild}; it needs build ${FIRST_WINDOWS_10.build} (version ${FIRST_WINDOWS_10.version}) or newer`
}
