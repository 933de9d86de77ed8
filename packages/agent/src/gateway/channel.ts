import { randomBytes } from 'node:crypto'
import {
  AGENT_SUBPROTOCOL,
  type AgentFrame,
  CHANNEL_PATH,
  CLOSE,
  type Clock,
  MAX_FRAME_BYTES,
  type ServerFrame,
} from '@fleetsweep/protocol'
import { WebSocket } from 'ws'
import type { Identity } from '../enrollment/identity.ts'
import type { Logger } from '../os/logger.ts'
import { signFields } from '../signing/ed25519.ts'
import { readFrame, writeFrame } from './read-frame.ts'

/** From the first packet to the server's welcome. */
const HANDSHAKE_TIMEOUT_MS = 30_000
/** From our saying goodbye to hanging up. */
const CLOSE_TIMEOUT_MS = 2_000

export type Welcome = Extract<ServerFrame, { type: 'welcome' }>
/** What the server sends once it knows who this is. */
export type SessionFrame = Exclude<ServerFrame, { type: 'challenge' | 'welcome' }>
type Challenge = Extract<ServerFrame, { type: 'challenge' }>

export type ChannelParts = {
  identity: Identity
  bootId: string
  agentVersion: string
  clock: Clock
  logger: Logger
  onWelcome: (welcome: Welcome) => void
  /** Every frame after the welcome. */
  onFrame: (frame: SessionFrame) => void
}

/** How a connection ended. `code` is the server's close code where it gave one. */
export type ChannelEnd = { code: number | undefined; reason: string }

/** One connection to the gateway: proves who this machine is, then carries frames. */
export class Channel {
  /** Binds orders to this connection. */
  readonly agentNonce = randomBytes(24).toString('base64url')
  readonly ended: Promise<ChannelEnd>
  readonly #parts: ChannelParts
  readonly #socket: WebSocket
  #stage: 'challenge' | 'welcome' | 'open' = 'challenge'
  #ourReason: string | undefined

  constructor(parts: ChannelParts) {
    this.#parts = parts
    const { identity, clock } = parts
    this.#socket = new WebSocket(channelUrl(identity.serverUrl), AGENT_SUBPROTOCOL, {
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
      ...(identity.caPem === null ? {} : { ca: identity.caPem }),
    })
    const handshake = clock.setTimer(HANDSHAKE_TIMEOUT_MS, () => {
      if (this.#stage !== 'open') this.#hangUp('the server did not finish the handshake in time')
    })
    this.ended = new Promise((resolve) => {
      let failure: string | undefined
      this.#socket.on('error', (error) => {
        failure = error.message
      })
      this.#socket.on('close', (code, reason) => {
        handshake.cancel()
        const theirs = reason.toString('utf8') || `connection closed (${code})`
        resolve({
          code: this.#ourReason === undefined ? code : undefined,
          reason: this.#ourReason ?? failure ?? theirs,
        })
      })
    })
    this.#socket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary))
  }

  /** Sends a frame; on a connection that is ending it is lost, like any frame on its way. */
  send(frame: AgentFrame): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(writeFrame(frame))
  }

  /** Ends the connection from our side. */
  end(reason: string, code = 1000): void {
    this.#ourReason ??= reason
    if (this.#socket.readyState === WebSocket.CONNECTING) {
      this.#socket.terminate()
    } else {
      this.#socket.close(code)
      this.#parts.clock.setTimer(CLOSE_TIMEOUT_MS, () => this.#socket.terminate())
    }
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#ourReason !== undefined) return
    const frame = readFrame(data, isBinary)
    if (frame === undefined) {
      this.#parts.logger.warn({ bytes: data.length }, 'the server sent a frame that is none')
      this.end('the server sent a frame that is none', CLOSE.badFrame)
    } else if (this.#stage === 'open' && frame.type !== 'challenge' && frame.type !== 'welcome') {
      this.#parts.onFrame(frame)
    } else if (this.#stage === 'challenge' && frame.type === 'challenge') {
      this.#answer(frame)
    } else if (this.#stage === 'welcome' && frame.type === 'welcome') {
      this.#stage = 'open'
      this.#parts.onWelcome(frame)
    } else {
      this.end(`the server sent "${frame.type}" out of turn`, CLOSE.badFrame)
    }
  }

  #answer(challenge: Challenge): void {
    const { identity, bootId, agentVersion } = this.#parts
    if (challenge.serverId !== identity.serverId) {
      this.end('this is not the server that this machine is enrolled with')
      return
    }
    this.#stage = 'welcome'
    const fields = [challenge.nonce, challenge.serverId, this.agentNonce, identity.machineId, bootId]
    this.send({
      type: 'hello',
      tenant: identity.tenant,
      machineId: identity.machineId,
      agentNonce: this.agentNonce,
      bootId,
      agentVersion,
      signature: signFields(identity.privateKeyPem, 'fleetsweep.agent.v1/connect', fields),
    })
  }

  /** For a server that no longer answers: it would not answer a goodbye either. */
  #hangUp(reason: string): void {
    this.#ourReason ??= reason
    this.#socket.terminate()
  }
}

function channelUrl(serverUrl: string): URL {
  const url = new URL(CHANNEL_PATH, serverUrl)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}
