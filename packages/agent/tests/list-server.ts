import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { AttachmentState } from '@fleetsweep/protocol'

/** Takes one list in pieces, as the server does. */
export class ListServer implements AsyncDisposable {
  readonly #server: Server
  readonly #sha256: string
  readonly #bytes: number
  received = Buffer.alloc(0)
  /** Where the pieces began that have come. */
  readonly offsets: number[] = []
  /** Pieces from here on are never answered, nor kept. */
  holdFrom = Number.POSITIVE_INFINITY
  /** What is held at the moment. */
  held = 0
  answer: 'state' | 'busy' | 'unwanted' = 'state'

  private constructor(server: Server, list: Buffer) {
    this.#server = server
    this.#sha256 = createHash('sha256').update(list).digest('hex')
    this.#bytes = list.length
  }

  static async start(list: Buffer): Promise<ListServer> {
    const server = createServer()
    const lists = new ListServer(server, list)
    server.on('request', async (request, response) => {
      const state = await lists.#take(request)
      if (state === 'held') return
      response.writeHead(lists.answer === 'busy' ? 503 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(state))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return lists
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #take(request: IncomingMessage): Promise<AttachmentState | 'held'> {
    const piece = await buffer(request)
    if (this.answer !== 'state') return { state: 'unwanted', receivedBytes: 0 }
    if (request.method === 'PUT') {
      const offset = Number(new URL(request.url ?? '', this.url).searchParams.get('offset'))
      if (offset >= this.holdFrom) {
        this.held++
        return 'held'
      }
      this.offsets.push(offset)
      if (offset === this.received.length) this.received = Buffer.concat([this.received, piece])
    }
    if (this.received.length < this.#bytes) return { state: 'wanted', receivedBytes: this.received.length }
    if (createHash('sha256').update(this.received).digest('hex') === this.#sha256)
      return { state: 'complete', receivedBytes: this.#bytes }
    this.received = Buffer.alloc(0)
    return { state: 'wanted', receivedBytes: 0 }
  }
}
