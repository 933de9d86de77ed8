/** What an alias stands for: `api` is the public API alone, `signIn` what a client signs in with alone. */
export type AliasUse = 'api' | 'signIn'
export type Alias = { origin: string; use: AliasUse }

/** Where the routes of each use begin. */
const BELOW: Record<AliasUse, readonly string[]> = {
  api: ['/api/'],
  // What its pages look like lies below /assets.
  signIn: ['/:tenant/', '/common/', '/assets/'],
}

/**
 * The public origins of this server. Links follow the one that a call came to; a Host that is not listed is never
 * repeated to anybody, because whoever sent it could have made it up.
 */
export class Origins {
  #first = ''
  #byHost = new Map<string, { origin: string; use: AliasUse | 'everything' }>()

  /**
   * @param own such as `https://fleet.example:8443`; the first stands in for unlisted hosts
   * @param aliases names of somebody else that lead here, each good for its use alone
   */
  constructor(own: readonly string[] = [], aliases: readonly Alias[] = []) {
    this.list(own, aliases)
  }

  /** Replaces the list, for a server that learns its port by listening. */
  list(own: readonly string[], aliases: readonly Alias[] = []): void {
    const listed = [...own.map((origin) => ({ origin, use: 'everything' as const })), ...aliases].map(
      ({ origin, use }) => ({ url: new URL(origin), use }),
    )
    this.#first = own[0] === undefined ? '' : new URL(own[0]).origin
    this.#byHost = new Map(listed.map(({ url, use }) => [url.host, { origin: url.origin, use }]))
  }

  get first(): string {
    return this.#first
  }

  /** Every listed origin, aliases too. */
  get all(): string[] {
    return [...this.#byHost.values()].map(({ origin }) => origin)
  }

  /** The origins that are this server's own. */
  get own(): string[] {
    return [...this.#byHost.values()].filter(({ use }) => use === 'everything').map(({ origin }) => origin)
  }

  /** The listed origin for a Host header. */
  of(host: string | undefined): string {
    return this.#find(host)?.origin ?? this.#first
  }

  /**
   * False for a route that is not what the alias in the Host header stands for.
   *
   * @param route such as `/api/machines/:machineId`
   */
  serves(host: string | undefined, route: string): boolean {
    const use = this.#find(host)?.use ?? 'everything'
    return use === 'everything' || BELOW[use].some((start) => route.startsWith(start))
  }

  #find(host: string | undefined) {
    if (host === undefined) return undefined
    const lower = host.toLowerCase()
    // A client may name the port that its scheme implies.
    return this.#byHost.get(lower) ?? this.#byHost.get(lower.replace(/:(443|80)$/, ''))
  }
}
