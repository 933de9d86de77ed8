import { type CallAnswer, call } from './call.ts'

type Cookie = { value: string; path: string }

/** A browser without a window: it keeps cookies by path, follows redirects on one origin, and sends forms. */
export class TestBrowser {
  readonly origin: string
  readonly #server: string
  readonly #cookies = new Map<string, Cookie>()
  /** Where it is. */
  url: string

  /** @param server where the origin leads to, if it is not the server's own address */
  constructor(origin: string, server: string = origin) {
    this.origin = origin
    this.#server = server
    this.url = `${origin}/`
  }

  /** Goes somewhere, and on to wherever that leads on the same origin. */
  async open(target: string): Promise<CallAnswer> {
    return this.#follow(await this.send('GET', target))
  }

  /** Fills a form of the page in and sends it. `fields` overrides what stands there. */
  async submit(page: CallAnswer, fields: Record<string, string>): Promise<CallAnswer> {
    const action = /<form [^>]*action="([^"]*)"/.exec(page.text)?.[1] ?? this.url
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)]
    const all = { ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])), ...fields }
    return this.#follow(await this.send('POST', action, all))
  }

  /** One call, with the cookies that belong to it. */
  async send(
    method: 'GET' | 'POST',
    target: string,
    fields?: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<CallAnswer> {
    const { pathname, search, href } = new URL(target, this.url)
    this.url = href
    const cookie = [...this.#cookies]
      .filter(([, { path }]) => pathname === path || pathname.startsWith(`${path.replace(/\/$/, '')}/`))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
    const answer = await call(this.#server, `${method} ${pathname}${search}`, {
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(method === 'POST' ? { origin: this.origin } : {}),
        host: new URL(this.origin).host,
        ...headers,
      },
      ...(fields === undefined ? {} : { body: new URLSearchParams(fields).toString() }),
    })
    for (const text of answer.headers['set-cookie'] ?? []) this.#keep(text, pathname)
    return answer
  }

  /** The cookies that it holds, for tests that tamper with them. */
  get cookies(): Map<string, Cookie> {
    return this.#cookies
  }

  async #follow(answer: CallAnswer): Promise<CallAnswer> {
    const { location } = answer.headers
    if (answer.status < 300 || answer.status >= 400 || location === undefined) return answer
    const url = new URL(location, this.url)
    if (url.origin !== this.origin || url.pathname.startsWith('/console/')) {
      this.url = url.href
      return answer
    }
    return this.#follow(await this.send('GET', url.href))
  }

  #keep(text: string, pathname: string): void {
    const [pair = '', ...attributes] = text.split(/; ?/)
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    const value = pair.slice(equals + 1)
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? pathname
    if (value === '' || attributes.some((one) => /^expires=Thu, 01 Jan 1970/i.test(one)))
      this.#cookies.delete(name)
    else this.#cookies.set(name, { value, path })
  }
}
