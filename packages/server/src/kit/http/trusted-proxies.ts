import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { NetworkList } from '../network-list.ts'

/**
 * The proxies that may say where a call came from. What anybody else writes into `X-Forwarded-For` is ignored: it could
 * be made up, to pass a limit or to blame somebody else in the audit.
 */
export class TrustedProxies {
  readonly #trusted: NetworkList

  /** @param trusted IP addresses, and networks such as `10.1.0.0/16`, as `isNetwork` takes them */
  constructor(trusted: readonly string[] = []) {
    this.#trusted = new NetworkList(trusted)
  }

  /**
   * Where a call came from: the other end of its connection, or what a trusted proxy says of it. Reads from the right,
   * where the nearest proxy has written, and stops at the first address that is no proxy of ours; everything left of it
   * came from outside.
   *
   * @returns an IP address; `null` when the connection is gone already
   */
  addressOf({ socket, headers }: Pick<IncomingMessage, 'headers' | 'socket'>): string | null {
    const peer = readAddress(socket.remoteAddress)
    if (peer === null || !this.#trusted.holds(peer)) return peer
    const said = [headers['x-forwarded-for'] ?? ''].flat().join(',').split(',')
    let address = peer
    while (this.#trusted.holds(address)) {
      // A proxy that hides where a call came from leaves its own address to count.
      const before = readAddress(said.pop())
      if (before === null) break
      address = before
    }
    return address
  }
}

/** True for an IP address, and for a network such as `10.1.0.0/16` or `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

/** Some proxies add a port; a socket that listens on both families shows IPv4 as a form of IPv6. */
function readAddress(text: string | undefined): string | null {
  const trimmed = text?.trim() ?? ''
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed)?.[1] ?? trimmed.replace(/^([\d.]+):\d+$/, '$1')
  const address = bare.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(address) === 0 ? null : address
}
