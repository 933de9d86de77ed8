import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** One client on one kept-alive connection: as little work as possible, because it shares the cores with the server. */
export class HttpLane {
  readonly #socket: Socket
  readonly #host: string
  #waiting: ((answer: { status: number; body: string }) => void) | undefined
  #received = ''

  static async open(url: URL): Promise<HttpLane> {
    const socket = connect(Number(url.port), url.hostname)
    await once(socket, 'connect')
    return new HttpLane(socket.setNoDelay(true), url.host)
  }

  private constructor(socket: Socket, host: string) {
    this.#socket = socket
    this.#host = host
    socket.setEncoding('latin1').on('data', (text: string) => this.#take(text))
  }

  post(path: string, token: string, body: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      this.#waiting = resolve
      this.#socket.once('close', () => reject(new Error('The server closed the connection.')))
      this.#socket.write(
        `POST ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
    }).finally(() => this.#socket.removeAllListeners('close')) as Promise<{ status: number; body: string }>
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#received += text
    const head = this.#received.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#received.slice(0, head))?.[1])
    const end = head + 4 + length
    if (this.#received.length < end) return
    const answer = { status: Number(this.#received.slice(9, 12)), body: this.#received.slice(head + 4, end) }
    this.#received = this.#received.slice(end)
    this.#waiting?.(answer)
  }
}
