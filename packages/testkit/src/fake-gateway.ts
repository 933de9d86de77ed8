import { randomBytes, randomUUID } from 'node:crypto'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import {
  AGENT_SUBPROTOCOL,
  type AgentEvent,
  AgentFrame,
  CA_PATH,
  CHANNEL_PATH,
  CLOSE,
  ENROLL_PATH,
  type EnrollAnswer,
  type EnrollmentTokenContent,
  EnrollRequest,
  encodeEnrollmentToken,
  type Inventory,
  MAX_FRAME_BYTES,
  type OrderKey,
  type ScanOrder,
  type ScanProgress,
  type ScanType,
  type ServerFrame,
  type TaskOrder,
} from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'
import { type WebSocket, WebSocketServer } from 'ws'
import { isSignedByMachine, SigningKey } from './signing-key.ts'
import { until } from './until.ts'

const enrollRequest = Compile(EnrollRequest)
const agentFrame = Compile(AgentFrame)

export type FakeGatewayOptions = {
  heartbeatMs?: number
  /** PEM; `ca` is what `CA_PATH` shows. */
  tls?: { key: string; cert: string; ca?: string }
}

type Machine = { machineId: string; publicKey: string; inventory: Inventory }

type Unbound<Ordered> = Ordered extends TaskOrder
  ? Omit<Ordered, 'machineId' | 'actionId' | 'agentNonce' | 'counter' | 'requestor' | 'comment'>
  : never

/** What a task is to do. */
export type FakeTask = Unbound<TaskOrder>

/** What the gateway knows of an action. */
export type FakeAction = {
  actionId: string
  machineId: string
  scanType: ScanType
  /** Of a scan order, beside the usual. */
  order: Partial<Pick<ScanOrder, 'paths' | 'settings'>> | FakeTask
  state: 'ordered' | 'stopOwed' | 'unknown'
  events: Map<number, AgentEvent>
  progress: ScanProgress[]
}

type Connection = {
  socket: WebSocket
  nonce: string
  machineId: string | undefined
  agentNonce: string
  bootId: string
  counter: number
  /** Orders go out once the agent has said what it has. */
  isReconciled: boolean
}

type OrderFrame = Extract<ServerFrame, { type: 'order' }>

/**
 * The server's side of the channel, on a real socket of this machine, with keys of its own. It keeps what it is told
 * and acknowledges it; on command it loses, delays, repeats and forges.
 */
export class FakeGateway implements AsyncDisposable {
  readonly tenant = randomUUID()
  serverId: string = randomUUID()
  readonly origin: string
  readonly secret = randomBytes(32).toString('base64url')
  readonly tokenId = randomUUID()
  /** Every machine that enrolled, the first first. */
  readonly machines: Machine[] = []
  readonly actions = new Map<string, FakeAction>()
  /** Every valid frame that arrived. */
  readonly frames: AgentFrame[] = []
  /** Texts that arrived and were no valid frames. */
  readonly badFrames: string[] = []
  /** Channels that were opened so far. */
  connectionCount = 0
  /** Enrollments to carry out without an answer. */
  loseEnrollAnswers = 0
  /** Events to drop before they are kept. */
  loseEvents = 0
  /** Events to keep without acknowledging. */
  loseAcks = 0
  /** True: heartbeats get no answer. */
  isSilent = false
  /** True: a new connection gets no challenge. */
  isMute = false
  /** True: every machine is unknown. */
  refusesMachines = false
  readonly #options: FakeGatewayOptions
  readonly #server: Server
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => AGENT_SUBPROTOCOL,
  })
  readonly #connections = new Map<string, Connection>()
  readonly #keys = [new SigningKey()]
  #heldAcks: (() => void)[] | undefined

  static async start(options: FakeGatewayOptions = {}): Promise<FakeGateway> {
    const listener = { handle: (_request: IncomingMessage, _response: ServerResponse) => {} }
    const handle = (request: IncomingMessage, response: ServerResponse) => listener.handle(request, response)
    const server = options.tls ? createHttpsServer(options.tls, handle) : createHttpServer(handle)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const gateway = new FakeGateway(server, options)
    listener.handle = (request, response) => void gateway.#answerHttp(request, response)
    return gateway
  }

  constructor(server: Server, options: FakeGatewayOptions) {
    this.#server = server
    this.#options = options
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    this.origin = options.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== CHANNEL_PATH) return socket.destroy()
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket))
    })
  }

  /** An enrollment token of this server as text. */
  token(changes: Partial<EnrollmentTokenContent> = {}): string {
    const [root] = this.#keys
    return encodeEnrollmentToken({
      tenant: this.tenant,
      tokenId: this.tokenId,
      secret: this.secret,
      orderRootSha256: root?.fingerprint ?? '',
      ...changes,
    })
  }

  get orderKeys(): OrderKey[] {
    return this.#keys.map((key, index) => key.asOrderKey(this.tenant, this.#keys[index - 1]))
  }

  /** The newest key that signs orders. */
  get signingKey(): SigningKey {
    const key = this.#keys.at(-1)
    if (key === undefined) throw new Error('The fake gateway has no key.')
    return key
  }

  /** Announces a new key, signed by the one before, with the next connection. */
  rotateOrderKey(): void {
    this.#keys.push(new SigningKey())
  }

  /** Replaces all keys by one that nothing vouches for. */
  forgeOrderKeys(): void {
    this.#keys.splice(0, this.#keys.length, new SigningKey())
  }

  /** The machine that enrolled last. */
  get machine(): Machine {
    const machine = this.machines.at(-1)
    if (machine === undefined) throw new Error('No machine has enrolled.')
    return machine
  }

  /** The living connection of the machine that enrolled last; `undefined` while there is none. */
  get connection(): { agentNonce: string; bootId: string } | undefined {
    return this.machines.length === 0 ? undefined : this.#connections.get(this.machine.machineId)
  }

  /** Resolves when the machine that enrolled last has connected and said what it has. */
  async connected(): Promise<void> {
    await until(() => this.#current()?.isReconciled, 'the machine connected')
  }

  /** Orders a scan, at once or as soon as the machine connects. */
  orderScan(
    scanType: ScanType = 'Quick',
    actionId: string = randomUUID(),
    order: FakeAction['order'] = {},
  ): FakeAction {
    const action: FakeAction = {
      actionId,
      machineId: this.machine.machineId,
      scanType,
      order,
      state: 'ordered',
      events: new Map(),
      progress: [],
    }
    this.actions.set(actionId, action)
    this.#deliver(action)
    return action
  }

  /** Orders a task, at once or as soon as the machine connects. */
  orderTask(task: FakeTask, actionId: string = randomUUID()): FakeAction {
    return this.orderScan('Quick', actionId, task)
  }

  /** Owes a stop until the machine proves it; delivers it at once or as soon as the machine connects. */
  orderStop(action: FakeAction): void {
    action.state = 'stopOwed'
    this.#deliver(action)
  }

  /** Delivers an order as if the server did not know that it has arrived. */
  repeatOrder(action: FakeAction): void {
    this.sendOrder({ verb: 'scan', actionId: action.actionId, scanType: action.scanType, ...action.order })
  }

  /** The kinds of the events of an action, in order of their numbers. */
  kinds(action: FakeAction): string[] {
    return [...action.events].toSorted(([a], [b]) => a - b).map(([, event]) => event.kind)
  }

  /** Resolves when an event of this kind is kept, with it. */
  async event<Kind extends AgentEvent['kind']>(
    action: FakeAction,
    kind: Kind,
  ): Promise<Extract<AgentEvent, { kind: Kind }>> {
    const isWanted = (event: AgentEvent): event is Extract<AgentEvent, { kind: Kind }> => event.kind === kind
    return await until(() => [...action.events.values()].find(isWanted), `"${kind}" was told`)
  }

  /** Keeps acknowledgements back until `releaseAcks`. */
  holdAcks(): void {
    this.#heldAcks ??= []
  }

  releaseAcks(): void {
    const held = this.#heldAcks ?? []
    this.#heldAcks = undefined
    for (const send of held) send()
  }

  /** Breaks the connection without a goodbye. */
  drop(): void {
    this.#current()?.socket.terminate()
  }

  /** Ends the connection with a close code. */
  closeWith(code: number): void {
    this.#current()?.socket.close(code)
  }

  /** Sends anything at all. */
  sendText(text: string): void {
    this.#current()?.socket.send(text)
  }

  /** Sends an order with these members changed, signed as it should be. */
  sendOrder(changes: Record<string, unknown>): void {
    this.sendText(JSON.stringify(this.craftOrder(changes)))
  }

  /** Makes the frame of an order, by default one that the machine would follow. */
  craftOrder(changes: Record<string, unknown>, signer: SigningKey = this.signingKey): OrderFrame {
    const connection = this.#current()
    if (connection === undefined) throw new Error('No machine is connected.')
    connection.counter++
    const order = JSON.stringify({
      verb: 'scan',
      machineId: connection.machineId,
      actionId: randomUUID(),
      agentNonce: connection.agentNonce,
      counter: connection.counter,
      scanType: 'Quick',
      requestor: 'soar@example.com',
      comment: 'Check machine for viruses',
      ...changes,
    })
    return {
      type: 'order',
      keyId: signer.keyId,
      order,
      signature: signer.sign('fleetsweep.agent.v1/order', [order]),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #current(): Connection | undefined {
    const machine = this.machines.at(-1)
    return machine === undefined ? undefined : this.#connections.get(machine.machineId)
  }

  async #answerHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === CA_PATH && this.#options.tls?.ca) {
      response.end(this.#options.tls.ca)
    } else if (request.method === 'POST' && request.url === ENROLL_PATH) {
      const body = await readBody(request)
      const answer = this.#enroll(JSON.parse(body))
      if (this.loseEnrollAnswers > 0) {
        this.loseEnrollAnswers--
        request.socket.destroy()
      } else if (answer === undefined) {
        response.writeHead(403, { 'content-type': 'application/problem+json' })
        response.end(
          JSON.stringify({ title: 'Forbidden', status: 403, detail: 'The enrollment token is not valid.' }),
        )
      } else {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      }
    } else {
      response.writeHead(404).end()
    }
  }

  #enroll(body: unknown): EnrollAnswer | undefined {
    if (!enrollRequest.Check(body)) return undefined
    const { tenant, tokenId, secret, publicKey, signature, inventory } = body
    if (tenant !== this.tenant || tokenId !== this.tokenId || secret !== this.secret) return undefined
    const fields = [tenant, tokenId, secret, publicKey]
    if (!isSignedByMachine(publicKey, 'fleetsweep.agent.v1/enroll', fields, signature)) return undefined
    const known = this.machines.find((machine) => machine.publicKey === publicKey)
    const machine = known ?? { machineId: randomBytes(20).toString('hex'), publicKey, inventory }
    if (known === undefined) this.machines.push(machine)
    return {
      machineId: machine.machineId,
      tenant,
      serverId: this.serverId,
      orderKeys: this.orderKeys,
      outcome: known === undefined ? 'new' : 'same',
    }
  }

  #open(socket: WebSocket): void {
    this.connectionCount++
    const connection: Connection = {
      socket,
      nonce: randomBytes(24).toString('base64url'),
      machineId: undefined,
      agentNonce: '',
      bootId: '',
      counter: 0,
      isReconciled: false,
    }
    socket.on('message', (data, isBinary) => {
      const text = data.toString()
      const frame: unknown = isBinary ? undefined : JSON.parse(text)
      if (agentFrame.Check(frame)) this.#receive(connection, frame)
      else {
        this.badFrames.push(text)
        socket.close(CLOSE.badFrame)
      }
    })
    socket.on('close', () => {
      const { machineId } = connection
      if (machineId !== undefined && this.#connections.get(machineId) === connection)
        this.#connections.delete(machineId)
    })
    if (!this.isMute)
      send(connection, { type: 'challenge', nonce: connection.nonce, serverId: this.serverId })
  }

  #receive(connection: Connection, frame: AgentFrame): void {
    this.frames.push(frame)
    if (frame.type === 'hello') this.#welcome(connection, frame)
    else if (frame.type === 'heartbeat') this.#reconcile(connection, frame)
    else if (frame.type === 'event') this.#keep(connection, frame)
    else if (frame.type === 'progress') this.actions.get(frame.actionId)?.progress.push(frame.progress)
  }

  #welcome(connection: Connection, hello: Extract<AgentFrame, { type: 'hello' }>): void {
    const machine = this.machines.find(({ machineId }) => machineId === hello.machineId)
    const fields = [connection.nonce, this.serverId, hello.agentNonce, hello.machineId, hello.bootId]
    if (
      this.refusesMachines ||
      machine === undefined ||
      !isSignedByMachine(machine.publicKey, 'fleetsweep.agent.v1/connect', fields, hello.signature)
    ) {
      connection.socket.close(CLOSE.notAuthenticated)
      return
    }
    this.#connections.get(machine.machineId)?.socket.close(CLOSE.superseded)
    connection.machineId = machine.machineId
    connection.agentNonce = hello.agentNonce
    connection.bootId = hello.bootId
    this.#connections.set(machine.machineId, connection)
    const { heartbeatMs = 60_000 } = this.#options
    send(connection, { type: 'welcome', heartbeatMs, orderKeys: this.orderKeys })
  }

  #reconcile(connection: Connection, { openActions }: Extract<AgentFrame, { type: 'heartbeat' }>): void {
    if (this.isSilent) return
    send(connection, {
      type: 'reconciled',
      actions: openActions.map(({ actionId }) => {
        const action = this.actions.get(actionId)
        if (action === undefined || action.state === 'unknown')
          return { actionId, ackedEvent: 0, verdict: 'forget' }
        const verdict = action.state === 'stopOwed' ? 'stop' : 'continue'
        return { actionId, ackedEvent: lastWithoutGap(action), verdict }
      }),
    })
    connection.isReconciled = true
    for (const action of this.actions.values()) {
      if (action.machineId === connection.machineId) this.#deliver(action)
    }
  }

  #deliver(action: FakeAction): void {
    const connection = this.#connections.get(action.machineId)
    if (!connection?.isReconciled) return
    if (action.state === 'ordered' && action.events.size === 0) this.repeatOrder(action)
    const isProven = [...action.events.values()].some((event) => event.kind === 'stopped')
    if (action.state === 'stopOwed' && !isProven) this.sendOrder({ verb: 'stop', actionId: action.actionId })
  }

  #keep(connection: Connection, { actionId, number, event }: Extract<AgentFrame, { type: 'event' }>): void {
    const action = this.actions.get(actionId)
    if (action === undefined || action.state === 'unknown') return
    if (this.loseEvents > 0) {
      this.loseEvents--
      return
    }
    if (!action.events.has(number)) action.events.set(number, event)
    if (this.loseAcks > 0) this.loseAcks--
    else if (this.#heldAcks) this.#heldAcks.push(() => send(connection, { type: 'ack', actionId, number }))
    else send(connection, { type: 'ack', actionId, number })
  }
}

function lastWithoutGap({ events }: FakeAction): number {
  let last = 0
  while (events.has(last + 1)) last++
  return last
}

function send({ socket }: Connection, frame: ServerFrame): void {
  socket.send(JSON.stringify(frame))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
