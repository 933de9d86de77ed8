import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { WebhookMessage } from '@fleetsweep/protocol'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Compile } from 'typebox/compile'

const message = Compile(WebhookMessage)

export type Received = { id: string; headers: IncomingHttpHeaders; body: string }
type Answer = (response: ServerResponse, received: Received) => void

/** A server that webhooks call: a real one on loopback, which notes what comes and answers as it is told. */
export class WebhookReceiver implements AsyncDisposable {
  readonly received: Received[] = []
  /** How it answers. */
  answer: Answer = (response) => response.writeHead(204).end()
  /** Connections that were made, whether or not anything was sent. */
  connections = 0
  readonly #server: ReturnType<typeof createServer>
  readonly #isTls: boolean

  static async start(tls?: { certPem: string; keyPem: string }): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(tls)
    receiver.#server.listen(0, '127.0.0.1')
    await once(receiver.#server, 'listening')
    return receiver
  }

  private constructor(tls: { certPem: string; keyPem: string } | undefined) {
    const take = (request: IncomingMessage, response: ServerResponse) => void this.#take(request, response)
    this.#isTls = tls !== undefined
    this.#server = tls ? createTlsServer({ cert: tls.certPem, key: tls.keyPem }, take) : createServer(take)
    this.#server.on('connection', () => {
      this.connections += 1
    })
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request
    // A sender that gives up is what some tests are about.
    const body = await text(request).catch(() => undefined)
    if (body === undefined) return
    const received = { id: String(headers['webhook-id']), headers, body }
    this.received.push(received)
    this.answer(response, received)
  }

  get port(): number {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  url(host = '127.0.0.1', path = '/hook'): string {
    return `${this.#isTls ? 'https' : 'http'}://${host}:${this.port}${path}`
  }

  /** The messages that came, each verified as receivers do, and of the shape that the protocol promises. */
  verified(secret: string): WebhookMessage[] {
    const verifier = new StandardWebhook(secret)
    return this.received.map(({ headers, body }) => {
      const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
      return message.Parse(verifier.verify(body, given))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
