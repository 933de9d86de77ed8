import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Knows on which connections a call is under way, so that a server that stops can end all others at once. (Node itself
 * takes a connection that has not sent anything yet for a busy one, and keeps those alive whose answer was under way.)
 *
 * Connections that were upgraded belong to whoever took them.
 */
export class ConnectionDrain {
  readonly #open = new Set<Duplex>()
  readonly #calls = new Map<Duplex, number>()
  readonly #isTls: boolean
  #draining = false

  /** @param server before it listens */
  constructor(server: Server) {
    this.#isTls = server.listenerCount('secureConnection') > 0
    server.on(this.#isTls ? 'secureConnection' : 'connection', (socket: Duplex) => this.#opened(socket))
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#begun(request.socket, response)
    })
    server.on('upgrade', (_, socket: Duplex) => this.#open.delete(socket))
  }

  /** Ends idle connections now and each other one as soon as its answer is out. */
  begin(): void {
    this.#draining = true
    for (const socket of this.#open) if (!this.#calls.has(socket)) socket.destroy()
  }

  /** Ends what is still open. */
  endAll(): void {
    for (const socket of this.#open) socket.destroy()
  }

  #opened(socket: Duplex): void {
    if (this.#draining) {
      socket.destroy()
      return
    }
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
  }

  #begun(socket: Duplex, response: ServerResponse): void {
    this.#calls.set(socket, (this.#calls.get(socket) ?? 0) + 1)
    response.once('close', () => {
      const left = (this.#calls.get(socket) ?? 1) - 1
      if (left > 0) this.#calls.set(socket, left)
      else this.#calls.delete(socket)
      if (left === 0 && this.#draining) socket.end()
    })
  }
}
