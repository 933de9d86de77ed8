import { ApiError } from '../kit/http/index.ts'
import type { StoredMachine } from '../machine/index.ts'

const FIRST_WINDOWS_10_BUILD = 16_299 // 1709
const FIRST_WINDOWS_SERVER_YEAR = 2019

/**
 * Refuses a machine that cannot be scanned. One whose operating system is not known yet is given the benefit of doubt.
 *
 * @throws ApiError `OsPlatformNotSupported`, or `ClientVersionNotSupported` when there is nothing to scan with
 */
export function requireScanSupport(machine: StoredMachine): void {
  if (!isSupported(machine)) {
    throw new ApiError('OsPlatformNotSupported', `RunAntiVirusScan is not supported on ${machine.osPlatform}`)
  }
  if (machine.engine.state === 'missing') {
    throw new ApiError(
      'ClientVersionNotSupported',
      'RunAntiVirusScan needs an antivirus engine, and the machine has none',
    )
  }
}

function isSupported({ osKind, osPlatform, osBuild }: StoredMachine): boolean {
  if (osKind !== 'windows' || osPlatform === '') return true
  const server = /^WindowsServer(\d{4})/i.exec(osPlatform)
  if (server) return Number(server[1]) >= FIRST_WINDOWS_SERVER_YEAR
  const client = /^Windows(\d+)/i.exec(osPlatform)
  if (!client) return true
  const version = Number(client[1])
  return version > 10 || (version === 10 && (osBuild === null || osBuild >= FIRST_WINDOWS_10_BUILD))
}
