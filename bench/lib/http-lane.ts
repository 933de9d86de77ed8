import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type LaneAnswer = { status: number; body: string }

/** One client on one kept-alive connection: as little work as possible, because it shares the cores with the server. */
export class HttpLane {
  readonly #socket: Socket
  readonly #host: string
  #waiting: { resolve: (answer: LaneAnswer) => void; reject: (error: Error) => void } | undefined
  #received = ''
  /** Where the body of the answer under way begins and ends; zeros while its head is not here. */
  #body = { begin: 0, end: 0 }

  static async open(url: URL): Promise<HttpLane> {
    const socket = connect(Number(url.port), url.hostname)
    await once(socket, 'connect')
    return new HttpLane(socket.setNoDelay(true), url.host)
  }

  private constructor(socket: Socket, host: string) {
    this.#socket = socket
    this.#host = host
    socket.setEncoding('latin1').on('data', (text: string) => this.#take(text))
    socket.on('close', () => this.#waiting?.reject(new Error('The server closed the connection.')))
  }

  get(path: string, token: string): Promise<LaneAnswer> {
    return this.#send(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nAuthorization: Bearer ${token}\r\n\r\n`)
  }

  post(path: string, token: string, body: string): Promise<LaneAnswer> {
    return this.#send(
      `POST ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(request: string): Promise<LaneAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<LaneAnswer>()
    this.#waiting = { resolve, reject }
    this.#socket.write(request)
    return promise
  }

  #take(text: string): void {
    this.#received += text
    if (this.#body.end === 0) {
      const head = this.#received.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#received.slice(0, head))?.[1])
      this.#body = { begin: head + 4, end: head + 4 + length }
    }
    const { begin, end } = this.#body
    // Nothing looks into a long answer before it is whole: that would copy what is here with every piece that comes.
    if (this.#received.length < end) return
    const answer = { status: Number(this.#received.slice(9, 12)), body: this.#received.slice(begin, end) }
    this.#received = this.#received.slice(end)
    this.#body = { begin: 0, end: 0 }
    this.#waiting?.resolve(answer)
  }
}
