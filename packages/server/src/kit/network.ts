import { isIPv4, isIPv6 } from 'node:net'

/** What to count calls by: whoever has one IPv6 address has 2^64 of them, so the network counts. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, 4).join(':')
}

const MAPPED_IPV4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/**
 * The one spelling of an address, so that equal addresses are equal texts: IPv6 as RFC 5952 writes it and without its
 * zone, IPv4 within IPv6 as IPv4. `undefined` when the text is no address.
 *
 * @example canonicalAddress('2001:DB8:0::1') === '2001:db8::1'
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  if (!isIPv6(text)) return undefined
  const [address = ''] = text.split('%')
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [, high, low] = MAPPED_IPV4.exec(canonical) ?? []
  if (high === undefined || low === undefined) return canonical
  const [left, right] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [left >> 8, left & 255, right >> 8, right & 255].join('.')
}

/** True for an address that every machine has, or none: loopback and the unspecified ones. */
export function isNobodys(canonical: string): boolean {
  return ['::', '::1'].includes(canonical) || /^(127|0)\./.test(canonical)
}
