import { BlockList, isIP } from 'node:net'

/** IP addresses and networks, such as `10.0.0.5`, `10.1.0.0/16` or `fd00::/8`. */
export class NetworkList {
  readonly #list = new BlockList()

  /** @param networks as `isNetwork` takes them */
  constructor(networks: readonly string[] = []) {
    for (const entry of networks) {
      const [address = '', bits] = entry.split('/')
      if (bits === undefined) this.#list.addAddress(address, familyOf(address))
      else this.#list.addSubnet(address, Number(bits), familyOf(address))
    }
  }

  /** True when the address is in one of them. IPv4 that is written as IPv6 is the same address. */
  holds(address: string): boolean {
    // `fe80::1%eth0`: the interface says nothing about who it is.
    const bare = address.replace(/%.*$/, '')
    return isIP(bare) !== 0 && this.#list.check(bare, familyOf(bare))
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
