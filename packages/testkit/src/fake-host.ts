import { createHash, randomUUID } from 'node:crypto'
import type { Host, OsInventory } from '@fleetsweep/agent'

/** A machine of one's own making; another `name` is another operating system. */
export function fakeHost(name = 'lab-07.example.com'): Host {
  const bootId = randomUUID()
  const hash = createHash('sha256').update(name).digest('hex')
  const os: OsInventory = {
    computerDnsName: name,
    osKind: 'linux',
    osPlatform: 'Debian',
    osVersion: '12.11',
    version: 'Other',
    osBuild: null,
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    ipAddresses: [
      { ipAddress: '192.0.2.7', macAddress: '00155D000007', type: 'Ethernet', operationalStatus: 'Up' },
    ],
  }
  return {
    isRoot: false,
    bootId: async () => bootId,
    osIdentity: async () => ({ hash, sources: ['machineId'] }),
    inventory: async () => os,
  }
}
