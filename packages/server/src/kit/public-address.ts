import { isIPv4, isIPv6 } from 'node:net'
import { NetworkList } from './network-list.ts'

/**
 * True for an address of the public internet: not of this machine, a private or link-local network, a carrier's
 * network, a documentation or benchmark range, multicast, nor one that carries such an address inside (IPv4-mapped,
 * 6to4, Teredo, NAT64).
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !SPECIAL_IPV4.holds(address)
  return isIPv6(address) && UNICAST_IPV6.holds(address) && !SPECIAL_IPV6.holds(address)
}

const SPECIAL_IPV4 = new NetworkList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Azure answers its machines here, in the midst of public addresses.
  '168.63.129.16',
])

/** All that has been given out; what lies outside is special, or nobody's. */
const UNICAST_IPV6 = new NetworkList(['2000::/3'])
const SPECIAL_IPV6 = new NetworkList([
  // Protocol assignments, with Teredo.
  '2001::/23',
  '2001:db8::/32',
  // 6to4: an IPv4 address, whichever, with a prefix.
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
])
