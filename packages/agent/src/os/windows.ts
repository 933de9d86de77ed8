import { hostname, release, uptime } from 'node:os'
import { listAddresses } from './addresses.ts'
import { architecture } from './architecture.ts'
import type { Environment, Host, OsInventory } from './host.ts'
import { hashOsIdentity } from './os-identity.ts'
import { isElevated } from './windows-account.ts'
import { claimWindowsFolder } from './windows-folder.ts'
import { type ReadRegistry, windowsRegistry } from './windows-registry.ts'

const SYSTEM_KEY = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion'
const IDENTITY_KEY = 'HKLM\\SOFTWARE\\Microsoft\\Cryptography'
/** Of the firmware; differs between a virtual machine and its clone, whose `MachineGuid` was copied along. */
const HARDWARE_KEY = 'HKLM\\SYSTEM\\HardwareConfig'
const NAME_KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters'

/** How far two looks at the same start may lie apart: the clock is set, and uptime is told in steps. */
const BOOT_STEP_MS = 10_000

export type WindowsParts = {
  registry?: ReadRegistry
  isRoot?: boolean
  /** The moment at which the system started, in milliseconds since the epoch. */
  bootedMs?: () => number
}

/** @param instance see `hashOsIdentity` */
export function windowsHost(instance: string | undefined, env: Environment, parts: WindowsParts = {}): Host {
  const { registry = windowsRegistry(env), bootedMs = () => Date.now() - uptime() * 1_000 } = parts
  // Windows has no name for a start. One that is asked again must not become another by a clock that was set.
  let bootId: string | undefined
  return {
    isRoot: parts.isRoot ?? isElevated(env),
    async bootId() {
      bootId ??= new Date(Math.round(bootedMs() / BOOT_STEP_MS) * BOOT_STEP_MS).toISOString()
      return bootId
    },
    async osIdentity(sources) {
      const machineId = uuidIn((await registry(IDENTITY_KEY)).get('MachineGuid'))
      const productUuid = uuidIn((await registry(HARDWARE_KEY)).get('LastConfig'))
      return hashOsIdentity({ machineId, productUuid, hostName: hostname() }, instance, sources)
    },
    inventory: async () => windowsInventory(await registry(SYSTEM_KEY), await registry(NAME_KEY)),
    guardFolder: (folder) => claimWindowsFolder(folder, env),
  }
}

/**
 * What Windows says of itself. The product's name in the registry still says "Windows 10" on Windows 11, so builds
 * decide.
 *
 * @see https://learn.microsoft.com/en-us/windows/release-health/windows11-release-information
 */
export function windowsInventory(
  system: ReadonlyMap<string, string>,
  network: ReadonlyMap<string, string>,
  osRelease = release(),
): OsInventory {
  const [major = '', minor = '', ofRelease] = osRelease.split('.')
  const build = Number(system.get('CurrentBuild') ?? ofRelease)
  const isServer = system.get('InstallationType')?.startsWith('Server') ?? false
  return {
    computerDnsName: dnsName(network),
    osKind: 'windows',
    osPlatform: platformName(build, isServer),
    osVersion: `${major}.${minor}`,
    version: (system.get('DisplayVersion') || system.get('ReleaseId') || 'Other').slice(0, 64),
    osBuild: Number.isSafeInteger(build) && build >= 0 ? build : null,
    ...architecture(),
    ipAddresses: listAddresses(),
  }
}

/** Firmware that was given no number says all zeros or all ones. */
function uuidIn(text: string | undefined): string | undefined {
  const uuid = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$/i.exec(text ?? '')?.[1]?.toLowerCase()
  return uuid === undefined || /^[0-]+$|^[f-]+$/.test(uuid) ? undefined : uuid
}

function dnsName(network: ReadonlyMap<string, string>): string {
  const name = network.get('Hostname') || hostname() || 'localhost'
  const domain = network.get('Domain') || network.get('NV Domain') || network.get('DhcpDomain')
  return (domain && !name.includes('.') ? `${name}.${domain}` : name).slice(0, 255)
}

/** The first build of each, newest first, by the names of Microsoft's API. */
const CLIENTS: readonly [number, string][] = [
  [22_000, 'Windows11'],
  [10_240, 'Windows10'],
  [9_600, 'Windows8.1'],
]
const SERVERS: readonly [number, string][] = [
  [26_040, 'WindowsServer2025'],
  [20_348, 'WindowsServer2022'],
  [17_763, 'WindowsServer2019'],
  [14_393, 'WindowsServer2016'],
  [9_600, 'WindowsServer2012R2'],
]

function platformName(build: number, isServer: boolean): string {
  const names = isServer ? SERVERS : CLIENTS
  return names.find(([first]) => build >= first)?.[1] ?? (isServer ? 'WindowsServer' : 'Windows')
}
