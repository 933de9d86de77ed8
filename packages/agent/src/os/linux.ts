import { readFile } from 'node:fs/promises'
import { hostname, networkInterfaces, release } from 'node:os'
import { listAddresses } from './addresses.ts'
import { architecture } from './architecture.ts'
import { findDnsName } from './dns-name.ts'
import type { Host, OsInventory } from './host.ts'
import { hashOsIdentity } from './os-identity.ts'

/** @param instance see `hashOsIdentity` */
export function linuxHost(instance: string | undefined): Host {
  return {
    isRoot: process.getuid?.() === 0,
    async bootId() {
      return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    },
    async osIdentity(sources) {
      const texts = {
        machineId:
          (await readFirstLine('/etc/machine-id')) ?? (await readFirstLine('/var/lib/dbus/machine-id')),
        // Differs between a virtual machine and its clone where the machine-id was copied along. Root only.
        productUuid: await readFirstLine('/sys/class/dmi/id/product_uuid'),
        networkAddress: firstHardwareAddress(),
        hostName: hostname(),
      }
      return hashOsIdentity(texts, instance, sources)
    },
    inventory: linuxInventory,
  }
}

/** The first network card's own address; bridges and the ends of containers' cables come and go. */
function firstHardwareAddress(): string | undefined {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !/^(docker|veth|br-|virbr|tun|tap|wg)/.test(name))
    .flatMap(([, addresses = []]) => addresses)
    .find(({ internal, mac }) => !internal && mac !== '00:00:00:00:00:00')?.mac
}

async function linuxInventory(): Promise<OsInventory> {
  const osRelease = parseOsRelease((await readText('/etc/os-release')) ?? '')
  const debian = osRelease.ID === 'debian' ? await readFirstLine('/etc/debian_version') : undefined
  const osVersion = debian && /^\d/.test(debian) ? debian : (osRelease.VERSION_ID ?? release())
  return {
    computerDnsName: await findDnsName(),
    osKind: 'linux',
    osPlatform: platformName(osRelease.ID ?? 'linux'),
    osVersion: osVersion.slice(0, 64),
    version: 'Other',
    osBuild: null,
    ...architecture(),
    ipAddresses: listAddresses(),
  }
}

const PLATFORM_NAMES: Readonly<Record<string, string>> = {
  almalinux: 'AlmaLinux',
  amzn: 'AmazonLinux',
  centos: 'CentOS',
  debian: 'Debian',
  fedora: 'Fedora',
  linux: 'Linux',
  ol: 'OracleLinux',
  'opensuse-leap': 'openSUSE',
  rhel: 'RedHatEnterpriseLinux',
  rocky: 'Rocky',
  sles: 'SLES',
  ubuntu: 'Ubuntu',
}

function platformName(id: string): string {
  return (PLATFORM_NAMES[id] ?? id).slice(0, 64)
}

/**
 * Reads the assignments of an os-release file.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/os-release.html
 */
export function parseOsRelease(text: string): Readonly<Record<string, string>> {
  const pairs = text.split('\n').flatMap((line) => {
    const match = /^([A-Z0-9_]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim())
    const [, name, double, single, bare] = match ?? []
    return name === undefined ? [] : [[name, (double ?? single ?? bare ?? '').replace(/\\(.)/g, '$1')]]
  })
  return Object.fromEntries(pairs)
}

async function readFirstLine(path: string): Promise<string | undefined> {
  return (await readText(path))?.split('\n')[0]?.trim() || undefined
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    // Absent or not ours to read: which of these exist differs between machines and users.
    return undefined
  }
}
