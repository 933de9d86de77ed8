import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { AGENT_SUBPROTOCOL, CHANNEL_PATH, CLOSE, MAX_FRAME_BYTES } from '@fleetsweep/protocol'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { TrustedProxies } from '../kit/http/index.ts'
import type { AgentSocket, AgentSocketListener, OnAgentSocket } from './agent-socket.ts'

/** What an agent may leave unread before it counts as gone. */
const MAX_UNREAD_BYTES = 1024 * 1024
/** Close codes that `ws` picks by itself when what arrives is no proper frame: by our protocol they are one. */
const BROKEN_FRAME_CODES = [1002, 1003, 1007, 1009]

/** True for a request that asks for the channel between agent and gateway. */
export function isChannelRequest({ url, headers }: IncomingMessage): boolean {
  return url?.split('?', 1)[0] === CHANNEL_PATH && headers.upgrade?.toLowerCase() === 'websocket'
}

/** A server that turns requests for the channel into sockets. Everything else about HTTP is somebody else's. */
export class WebSocketGate {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
    WebSocket: AgentWebSocket,
    handleProtocols: () => AGENT_SUBPROTOCOL,
  })
  readonly #mayEnter: () => boolean
  readonly #proxies: TrustedProxies
  readonly #onSocket: OnAgentSocket

  /** @param parts.mayEnter asked once for each request; `false` answers 503, and the agent comes back later */
  constructor(parts: { mayEnter: () => boolean; proxies: TrustedProxies; onSocket: OnAgentSocket }) {
    this.#mayEnter = parts.mayEnter
    this.#proxies = parts.proxies
    this.#onSocket = parts.onSocket
  }

  /** Listener for `upgrade` of an HTTP server. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    // An agent that hangs up in the middle of this must not end the server.
    stream.on('error', () => stream.destroy())
    const refusal = this.#whyNot(request)
    if (refusal) {
      refuse(stream, ...refusal)
      return
    }
    const address = this.#proxies.addressOf(request)
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      this.#onSocket(new WsAgentSocket(socket, address))
    })
  }

  #whyNot(request: IncomingMessage): [status: string, words: string] | undefined {
    if (!isChannelRequest(request)) return ['404 Not Found', 'There is nothing to upgrade here.']
    if (!offersOurProtocol(request)) {
      return ['400 Bad Request', `Only the subprotocol ${AGENT_SUBPROTOCOL} is spoken here.`]
    }
    return this.#mayEnter() ? undefined : ['503 Service Unavailable', 'Try again later.']
  }
}

/** Says by the protocol's own code what `ws` found broken. */
class AgentWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    if (code !== undefined && BROKEN_FRAME_CODES.includes(code)) super.close(CLOSE.badFrame, 'broken frame')
    else super.close(code, reason)
  }
}

class WsAgentSocket implements AgentSocket {
  readonly remoteAddress: string | null
  readonly #socket: WebSocket
  #question = 0

  constructor(socket: WebSocket, remoteAddress: string | null) {
    this.#socket = socket
    this.remoteAddress = remoteAddress
  }

  listen({ onText, onPing, onClose }: AgentSocketListener): void {
    this.#socket.on('message', (data: RawData, isBinary) => {
      if (this.#socket.readyState !== WebSocket.OPEN) return
      if (isBinary || !Buffer.isBuffer(data)) this.close(CLOSE.badFrame, 'binary frame')
      else onText(data.toString('utf8'))
    })
    this.#socket.on('ping', onPing)
    // What went wrong shows in how it closes; the agent comes back by itself.
    this.#socket.on('error', () => {})
    this.#socket.once('close', onClose)
  }

  send(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.terminate()
    else this.#socket.send(text)
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  probe(onAlive: () => void): void {
    this.#question += 1
    const question = String(this.#question)
    const onPong = (answer: Buffer) => {
      if (answer.toString('utf8') !== question) return
      this.#socket.off('pong', onPong)
      onAlive()
    }
    this.#socket.on('pong', onPong)
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping(question)
  }
}

function offersOurProtocol(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? ''
  return offered.split(',').some((name) => name.trim() === AGENT_SUBPROTOCOL)
}

function refuse(stream: Duplex, status: string, words: string): void {
  const retry = status.startsWith('503') ? 'Retry-After: 5\r\n' : ''
  stream.end(
    `HTTP/1.1 ${status}\r\n${retry}Connection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(words)}\r\n\r\n${words}`,
  )
}
