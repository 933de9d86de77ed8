import { randomBytes, randomUUID } from 'node:crypto'
import type { Inventory } from '@fleetsweep/protocol'
import { sampleInventoryEngine } from './sample-report.ts'

/** What a Debian machine says of itself; each call is another machine unless told otherwise. */
export function sampleInventory(name = 'lab-07', osIdentity?: string): Inventory {
  return {
    computerDnsName: name,
    osKind: 'linux',
    osPlatform: 'Debian',
    osVersion: '12.11',
    version: 'Other',
    osBuild: null,
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    agentVersion: '0.1.0',
    ipAddresses: [],
    engine: sampleInventoryEngine,
    bootId: randomUUID(),
    osIdentity: osIdentity ?? randomBytes(32).toString('hex'),
  }
}
