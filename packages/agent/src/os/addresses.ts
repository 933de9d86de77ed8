import { networkInterfaces } from 'node:os'
import type { IpAddress } from '@fleetsweep/protocol'

const MAX_ADDRESSES = 64

/** The machine's addresses as Defender lists them. */
export function listAddresses(): IpAddress[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .slice(0, MAX_ADDRESSES)
    .map((address) => ({
      ipAddress: address.address,
      macAddress: address.internal ? null : address.mac.replaceAll(':', '').toUpperCase(),
      type: address.internal ? 'SoftwareLoopback' : 'Ethernet',
      operationalStatus: 'Up',
    }))
}
