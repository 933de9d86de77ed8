import { listAddresses } from './addresses.ts'
import { architecture } from './architecture.ts'
import { findDnsName } from './dns-name.ts'
import type { Host } from './host.ts'
import { hashOsIdentity } from './os-identity.ts'
import { runTool } from './run-tool.ts'

/** @param instance see `hashOsIdentity` */
export function macosHost(instance: string | undefined): Host {
  return {
    isRoot: process.getuid?.() === 0,
    async bootId() {
      const session = await runTool('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'])
      if (!session)
        throw new Error('This macOS does not tell its boot session (sysctl kern.bootsessionuuid).')
      return session
    },
    async osIdentity(sources) {
      const registry = await runTool('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'])
      const platformUuid = /"IOPlatformUUID" = "([^"]+)"/.exec(registry ?? '')?.[1]
      return hashOsIdentity({ platformUuid }, instance, sources)
    },
    async inventory() {
      return {
        computerDnsName: await findDnsName(),
        osKind: 'macos',
        osPlatform: 'macOS',
        osVersion: (await runTool('/usr/bin/sw_vers', ['-productVersion']))?.slice(0, 64) ?? null,
        version: 'Other',
        osBuild: null,
        ...architecture(),
        ipAddresses: listAddresses(),
      }
    },
  }
}
