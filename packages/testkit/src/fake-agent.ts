import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  AGENT_SUBPROTOCOL,
  type AgentEvent,
  type AgentFrame,
  CHANNEL_PATH,
  type OpenAction,
  Order,
  type OrderKey,
  ServerFrame,
} from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'
import { type ClientOptions, WebSocket } from 'ws'
import { isSignedByMachine, type SigningKey } from './signing-key.ts'

const serverFrame = Compile(ServerFrame)
const orderSchema = Compile(Order)

export type FakeMachine = { tenant: string; machineId: string; key: SigningKey }
type Frame<Type extends ServerFrame['type']> = Extract<ServerFrame, { type: Type }>
type Hello = Extract<AgentFrame, { type: 'hello' }>

/** The agent's side of one connection: honest when asked to `open`, and able to send anything at all. */
export class FakeAgent implements AsyncDisposable {
  readonly machine: FakeMachine
  readonly bootId: string
  readonly agentNonce = randomBytes(24).toString('base64url')
  readonly socket: WebSocket
  /** How the connection ended. */
  readonly closed: Promise<{ code: number; reason: string }>
  /** Everything that arrived and was not asked for yet. */
  readonly received: ServerFrame[] = []
  #arrived = Promise.withResolvers<void>()
  #orderKeys: readonly OrderKey[] = []
  #lastCounter = 0
  #nonce = ''

  /**
   * @param origin of the server, such as `http://127.0.0.1:8080`
   * @param connection how to connect, beyond the usual
   */
  constructor(
    origin: string,
    machine: FakeMachine,
    bootId: string = randomUUID(),
    connection: Pick<ClientOptions, 'headers' | 'localAddress'> = {},
  ) {
    this.machine = machine
    this.bootId = bootId
    const url = new URL(CHANNEL_PATH, origin.replace(/^http/, 'ws'))
    this.socket = new WebSocket(url, AGENT_SUBPROTOCOL, { perMessageDeflate: false, ...connection })
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        this.#arrived.resolve()
      })
    })
    // Shows in `closed`.
    this.socket.on('error', () => {})
    this.socket.on('message', (data: Buffer) => {
      this.received.push(serverFrame.Parse(JSON.parse(data.toString('utf8'))))
      this.#arrived.resolve()
      this.#arrived = Promise.withResolvers()
    })
  }

  /** Connects as an honest agent does, up to the answer to the first heartbeat. */
  static async open(
    origin: string,
    machine: FakeMachine,
    options: { bootId?: string; openActions?: OpenAction[] } = {},
  ): Promise<FakeAgent> {
    const agent = new FakeAgent(origin, machine, options.bootId)
    await agent.greet()
    await agent.heartbeat(options.openActions)
    return agent
  }

  /** The server's nonce of this connection. */
  get nonce(): string {
    return this.#nonce
  }

  /** Says hello and waits for the welcome. */
  async greet(changes: Partial<Hello> = {}): Promise<Frame<'welcome'>> {
    this.send({ ...this.hello(await this.next('challenge')), ...changes })
    const welcome = await this.next('welcome')
    this.#orderKeys = welcome.orderKeys
    return welcome
  }

  /** The hello that this challenge calls for. */
  hello({ nonce, serverId }: { nonce: string; serverId: string }): Hello {
    this.#nonce = nonce
    const { agentNonce, bootId } = this
    const { tenant, machineId, key } = this.machine
    const fields = [nonce, serverId, agentNonce, machineId, bootId]
    const signature = key.sign('fleetsweep.agent.v1/connect', fields)
    return { type: 'hello', tenant, machineId, agentNonce, bootId, agentVersion: '0.1.0', signature }
  }

  /** Lists what is open and waits for the answer. */
  async heartbeat(openActions: OpenAction[] = []): Promise<Frame<'reconciled'>['actions']> {
    this.send({ type: 'heartbeat', openActions })
    return (await this.next('reconciled')).actions
  }

  /** Tells an event and waits for its acknowledgement. */
  async tell(actionId: string, number: number, event: AgentEvent): Promise<number> {
    this.send({ type: 'event', actionId, number, event })
    return (await this.next('ack')).number
  }

  /** The next order, its signature, address and counter checked as an agent must. */
  async nextOrder(): Promise<Order> {
    return this.check(await this.next('order'))
  }

  check(frame: Frame<'order'>): Order {
    const key = this.#orderKeys.at(-1)
    if (key === undefined || key.keyId !== frame.keyId)
      throw new Error('An order is signed by an unknown key.')
    if (!isSignedByMachine(key.publicKey, 'fleetsweep.agent.v1/order', [frame.order], frame.signature)) {
      throw new Error('An order is not signed by its key.')
    }
    const order = orderSchema.Parse(JSON.parse(frame.order))
    const isMine = order.machineId === this.machine.machineId && order.agentNonce === this.agentNonce
    if (!isMine || order.counter <= this.#lastCounter) throw new Error('An order is not for this connection.')
    this.#lastCounter = order.counter
    return order
  }

  /** Waits for the next frame of a type, whatever else arrives before it. */
  async next<Type extends ServerFrame['type']>(type: Type): Promise<Frame<Type>> {
    for (;;) {
      const at = this.received.findIndex((frame) => frame.type === type)
      const [frame] = at < 0 ? [] : this.received.splice(at, 1)
      if (frame) return frame as Frame<Type>
      if (this.socket.readyState === WebSocket.CLOSED) {
        const { code, reason } = await this.closed
        throw new Error(`Waiting for "${type}", but the connection closed with ${code} ${reason}.`)
      }
      await this.#arrived.promise
    }
  }

  send(frame: AgentFrame): void {
    this.sendText(JSON.stringify(frame))
  }

  /** Sends anything. */
  sendText(text: string): void {
    this.socket.send(text)
  }

  /** Answers no ping from now on and says no goodbye, like a machine that lost its power. */
  goDead(): void {
    this.socket.pause()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return
    const closed = once(this.socket, 'close')
    this.socket.terminate()
    await closed
  }
}
