import { promises as dns, type LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { NetworkList } from '../kit/network-list.ts'
import { isPublicAddress } from '../kit/public-address.ts'

/** All addresses of a host name; rejects when there are none. */
export type ResolveHost = (name: string) => Promise<LookupAddress[]>

/** Why an address may not be called, in a sentence for whoever asked for it. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused'
}

const FIRST_FREE_PORT = 1_024

/**
 * Which addresses webhooks may call. Public ones by https, and whatever lies in the networks that the server's
 * configuration allows: nobody shall reach through this server what they could not reach without it.
 */
export class WebhookTargets {
  readonly #allowed: NetworkList
  readonly #mayBePlain: boolean
  readonly #resolve: ResolveHost

  /** @param networks those that may be called though they are not public, and without TLS */
  constructor(networks: readonly string[], resolve: ResolveHost = systemResolve) {
    this.#allowed = new NetworkList(networks)
    this.#mayBePlain = networks.length > 0
    this.#resolve = resolve
  }

  /**
   * Checks what can be said of an address without looking its name up.
   *
   * @throws TargetRefused
   */
  read(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (!url) throw new TargetRefused('url is not a whole address, such as https://hooks.example/fleetsweep')
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new TargetRefused('url must begin with https://')
    if (url.protocol === 'http:' && !this.#mayBePlain) {
      throw new TargetRefused('url must begin with https://: without it, anybody on the way can read along')
    }
    if (url.username !== '' || url.password !== '') {
      throw new TargetRefused('url must hold no user name and no password: messages are signed instead')
    }
    if (url.hash !== '') throw new TargetRefused('url must not have a fragment (#…): it would not be sent')
    const port = Number(url.port)
    if (url.port !== '' && port < FIRST_FREE_PORT && port !== 80 && port !== 443) {
      throw new TargetRefused(
        `url names port ${url.port}: ports below ${FIRST_FREE_PORT} belong to other services`,
      )
    }
    const literal = hostOf(url)
    if (isIP(literal) !== 0 && !this.#mayCall(url, literal)) throw refused(url)
    return url
  }

  /**
   * The addresses to connect to, all of which may be called. A connection must go to one of exactly these: who looks
   * the name up a second time may be told another address.
   *
   * @throws TargetRefused with the same words for a name that leads to other networks and for one that leads nowhere,
   *   which would tell what names there are inside
   */
  async addressesOf(url: URL): Promise<LookupAddress[]> {
    const host = hostOf(url)
    const version = isIP(host)
    const found =
      version === 0 ? await this.#resolve(host).catch(() => []) : [{ address: host, family: version }]
    const good = found.filter(({ address }) => this.#mayCall(url, address))
    if (good.length === 0) throw refused(url)
    return good
  }

  #mayCall({ protocol }: URL, address: string): boolean {
    return this.#allowed.holds(address) || (protocol === 'https:' && isPublicAddress(address))
  }
}

/** As the machine itself resolves names, so that what is checked is what it would have connected to. */
const systemResolve: ResolveHost = (name) => dns.lookup(name, { all: true })

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function refused({ hostname }: URL): TargetRefused {
  return new TargetRefused(
    `${hostname} leads to no address that this server may call. Whoever runs the server can allow networks with webhookNetworks.`,
  )
}
