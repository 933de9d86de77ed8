/**
 * The public origins of this server. Links follow the one that a call came to; a Host that is not listed is never
 * repeated to anybody, because whoever sent it could have made it up.
 */
export class Origins {
  #first = ''
  #byHost = new Map<string, string>()

  /** @param listed such as `https://fleet.example:8443`; the first stands in for unlisted hosts */
  constructor(listed: readonly string[] = []) {
    this.list(listed)
  }

  /** Replaces the list, for a server that learns its port by listening. */
  list(listed: readonly string[]): void {
    const origins = listed.map((text) => new URL(text))
    this.#first = origins[0]?.origin ?? ''
    this.#byHost = new Map(origins.map((url) => [url.host, url.origin]))
  }

  get first(): string {
    return this.#first
  }

  get all(): string[] {
    return [...this.#byHost.values()]
  }

  /** The listed origin for a Host header. */
  of(host: string | undefined): string {
    if (host === undefined) return this.#first
    const lower = host.toLowerCase()
    // A client may name the port that its scheme implies.
    return this.#byHost.get(lower) ?? this.#byHost.get(lower.replace(/:(443|80)$/, '')) ?? this.#first
  }
}
