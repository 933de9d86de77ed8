import { randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import {
  type Alert,
  type AuditVerification,
  type CreateEnrollmentTokenBody,
  conclusionOf,
  type DeviceAvInfo,
  type EnrollmentToken,
  ERROR_STATUS,
  encodeEnrollmentToken,
  type FleetAuditEntry,
  type FleetDetection,
  type FleetEvent,
  formatInstant,
  HRESULT_CANCELLED,
  instantFromMs,
  isFinal,
  type Machine,
  type MachineAction,
  type MachineEngine,
  type Me,
  PERMISSIONS,
  readScanType,
  type Scan,
  type ScanProgress,
  type ScanReport,
} from '@fleetsweep/protocol'
import { buildAlert, buildMachine, buildMachineAction, buildScan } from './api-builders.ts'
import { answerAlertCall } from './fake-alert-calls.ts'
import { Refused, send } from './fake-answer.ts'
import { serveConsole } from './fake-console-files.ts'
import { cursorPage, odataPage } from './fake-lists.ts'
import { answerMachineCall } from './fake-machine-calls.ts'
import { FakeQuarantine } from './fake-quarantine-calls.ts'
import { FakeScanPolicies } from './fake-scan-policies.ts'
import { FakeScanRequests } from './fake-scan-requests.ts'
import { FakeSignIn } from './fake-sign-in.ts'

type Refusal = {
  path: RegExp
  status: number
  headers?: Record<string, string>
  body?: string
  /** How many requests it meets; 1 when absent. */
  times?: number
}

/**
 * Both APIs of a server as its clients see them, over real HTTP and all in memory: scans move when the test moves
 * them. Tokens are random and can be made to end; people are signed in without a password.
 */
export class FakeServer {
  readonly tenant = 'a1b2c3d4-0000-4000-8000-000000000001'
  readonly clientId = 'a1b2c3d4-0000-4000-8000-000000000002'
  readonly clientSecret = 'correct horse battery staple'
  /** What `expires_in` says. */
  tokenLifeSeconds = 3_600
  /** Where people sign in. */
  readonly people = new FakeSignIn(this)
  /** Items of a page of any list. */
  pageSize = 50
  /** Folder with the console's built files; without it `/console/` is not served. */
  consoleDir: string | undefined
  /** Sent with every file of the console. */
  consoleHeaders: Record<string, string> = {}
  readonly machines: Machine[] = []
  readonly avInfos: DeviceAvInfo[] = []
  readonly engines: MachineEngine[] = []
  readonly actions = new Map<string, MachineAction>()
  readonly scans = new Map<string, Scan>()
  readonly scanPolicies = new FakeScanPolicies()
  /** Whoever calls. */
  me: Me = {
    kind: 'user',
    id: 'a1b2c3d4-0000-4000-8000-000000000003',
    name: 'ada@contoso.example',
    tenant: this.tenant,
    permissions: [...PERMISSIONS],
    rolePermissions: ['ViewData', 'ActiveRemediationActions', 'Fleet.Admin', 'Scan.Read.All'],
    reach: { allMachines: true, deviceGroups: [] },
  }
  readonly scanRequests = new FakeScanRequests(this)
  /** Of a scan, by its id: the list of what it left out, as its machine sent it. */
  readonly notScannedLists = new Map<string, Uint8Array>()
  /** With their evidence; newest first. */
  readonly alerts: Alert[] = []
  readonly quarantine = new FakeQuarantine()
  readonly enrollmentTokens: EnrollmentToken[] = []
  /** Newest first. */
  readonly auditEntries: FleetAuditEntry[] = []
  /** What the next verification of the audit answers. */
  auditVerification: AuditVerification = {
    isIntact: true,
    verifiedAt: '2026-11-23T08:12:26Z',
    entries: 0,
    head: null,
    unsealed: 0,
    findings: [],
    findingsLeftOff: 0,
  }
  /** Method and target of every request, oldest first. */
  readonly requests: string[] = []
  /** Access tokens that are good. */
  readonly tokens = new Set<string>()
  #refusals: Refusal[] = []
  readonly #streams = new Set<ServerResponse>()
  readonly #server: Server
  #waiting: { ready: () => boolean; resolve: () => void }[] = []

  readonly #scheme: 'http' | 'https'

  /** @param tls certificate and key (PEM), to speak https */
  constructor(tls?: { cert: string; key: string }) {
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch((error) => {
        response.writeHead(500).end(String(error))
      })
    }
    this.#server = tls ? createTlsServer(tls, handle) : createServer(handle)
    this.#scheme = tls ? 'https' : 'http'
  }

  get baseUrl(): string {
    const { port } = this.#server.address() as AddressInfo
    return `${this.#scheme}://127.0.0.1:${port}`
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endStreams()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  addMachine(given: Partial<Machine> = {}): Machine {
    const machine = buildMachine(given)
    this.machines.push(machine)
    return machine
  }

  addAction(given: Partial<MachineAction> = {}, scan: Partial<Scan> = {}): MachineAction {
    const action = buildMachineAction(given)
    this.actions.set(action.id, action)
    const whole = buildScan(action, scan)
    this.scans.set(action.id, { ...whole, conclusion: conclusionOf(whole) })
    return action
  }

  addAlert(given: Partial<Alert> = {}): Alert {
    const alert = buildAlert(given)
    this.alerts.unshift(alert)
    return alert
  }

  /** Moves an action on, as its machine would, and tells every stream. */
  move(actionId: string, action: Partial<MachineAction>, scan: Partial<Scan> = {}): void {
    const now = this.now()
    const moved = { ...this.#action(actionId), lastUpdateDateTimeUtc: now, ...action }
    this.actions.set(actionId, moved)
    const ended = isFinal(moved.status) ? { endedAt: now } : {}
    const whole = { ...this.#scan(actionId), status: moved.status, ...ended, ...scan }
    this.scans.set(actionId, { ...whole, conclusion: conclusionOf(whole) })
    this.#tell({ type: 'machineAction', machineAction: moved })
  }

  progress(actionId: string, progress: ScanProgress): void {
    this.scans.set(actionId, { ...this.#scan(actionId), progress })
    this.#tell({ type: 'scanProgress', actionId, progress })
  }

  succeed(actionId: string, report: ScanReport, detections: FleetDetection[] = []): void {
    const troubleshootInfo = `${detections.length} detections`
    this.move(actionId, { status: 'Succeeded', troubleshootInfo }, { report, detections, attempts: 1 })
  }

  /** The next request whose path matches is refused so. */
  refuseNext(refusal: Refusal): void {
    this.#refusals.push({ ...refusal })
  }

  refuseNothing(): void {
    this.#refusals = []
  }

  /** Every token given out so far is worth nothing from now on. */
  endTokens(): void {
    this.tokens.clear()
  }

  /** Sends raw text down every open stream. */
  write(text: string): void {
    for (const stream of this.#streams) stream.write(text)
  }

  endStreams(): void {
    for (const stream of this.#streams) stream.end()
    this.#streams.clear()
  }

  get streams(): number {
    return this.#streams.size
  }

  /** Resolves once a condition over this server holds; looked at after every request. */
  until(ready: (server: FakeServer) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ ready: () => ready(this), resolve })
      this.#look()
    })
  }

  #look(): void {
    this.#waiting = this.#waiting.filter(({ ready, resolve }) => {
      const done = ready()
      if (done) resolve()
      return !done
    })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request) text += chunk
    const url = new URL(request.url ?? '/', this.baseUrl)
    this.requests.push(`${request.method} ${request.url}`)
    response.once('close', () => {
      this.#streams.delete(response)
      this.#look()
    })
    try {
      await this.#route(request, response, url, text)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#refuse(response, url, error)
    }
    this.#look()
  }

  async #route(request: IncomingMessage, response: ServerResponse, url: URL, text: string) {
    const refusal = this.#refusals.find(({ path }) => path.test(url.pathname))
    if (refusal) {
      const { status, headers, body = '', times = 1 } = refusal
      refusal.times = times - 1
      this.#refusals = this.#refusals.filter((one) => one.times !== 0)
      response.writeHead(status, headers).end(body)
      return
    }
    const form = new URLSearchParams(text)
    if (this.people.answer(request, response, url, form)) return
    if (url.pathname === `/${this.tenant}/oauth2/v2.0/token`) return this.#giveToken(response, form)
    if (url.pathname.startsWith('/console')) {
      return serveConsole(response, url, { folder: this.consoleDir, headers: this.consoleHeaders })
    }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined || !this.tokens.has(token)) throw new Refused('Unauthorized', 'Sign in first')
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    const idempotencyKey = request.headers['idempotency-key']?.toString()
    this.#api(`${request.method} ${url.pathname}`, { url, body, idempotencyKey }, response)
  }

  #api(
    route: string,
    { url, body, idempotencyKey }: { url: URL; body: unknown; idempotencyKey: string | undefined },
    response: ServerResponse,
  ) {
    const [, one = ''] = /^\S+ \/(?:api|fleet\/v1)\/[\w-]+\/([^/]+)/.exec(route) ?? []
    const id = decodeURIComponent(one)
    const machineCall = answerMachineCall({
      route: decodeURIComponent(route),
      search: url.searchParams,
      body,
      machines: this.machines,
      named: (idOrName) => this.machine(idOrName),
    })
    if (machineCall) return send(response, 200, machineCall)
    if (/^GET \/api\/machines$/.test(route)) return this.#sendPage(response, url, this.machines)
    if (/^GET \/api\/machines\/[^/]+$/.test(route)) return send(response, 200, this.machine(id))
    if (/^POST \/api\/machines\/[^/]+\/runAntiVirusScan$/.test(route)) {
      return send(response, 201, this.#requestScan(this.machine(id), body))
    }
    if (/^POST \/fleet\/v1\/machines\/[^/]+\/scans$/.test(route)) {
      const asked = this.scanRequests.answer({ machine: this.machine(id), body, idempotencyKey })
      this.#tell({ type: 'machineAction', machineAction: this.#action(asked.actionId) })
      return send(response, 201, asked)
    }
    const policy = this.scanPolicies.answer(route, body, this.now())
    if (policy === 'removed') {
      response.writeHead(204).end()
      return
    }
    if (policy) return send(response, 200, policy)
    if (/^GET \/fleet\/v1\/scanPolicies$/.test(route)) {
      return this.#sendCursorPage(response, url, this.scanPolicies.all)
    }
    if (/^GET \/fleet\/v1\/engines$/.test(route)) {
      const wanted = url.searchParams.get('machineIds')?.split(',') ?? []
      return send(response, 200, {
        items: this.engines.filter(({ machineId }) => wanted.includes(machineId)),
      })
    }
    if (/^GET \/fleet\/v1\/me$/.test(route)) return send(response, 200, this.me)
    if (/^GET \/api\/deviceavinfo$/.test(route)) return this.#sendPage(response, url, this.avInfos)
    if (/^GET \/api\/machineactions$/.test(route)) {
      const newestFirst = [...this.actions.values()].reverse()
      return this.#sendPage(response, url, newestFirst)
    }
    if (/^GET \/api\/machineactions\/[^/]+$/.test(route)) return send(response, 200, this.#action(id))
    if (/^POST \/api\/machineactions\/[^/]+\/cancel$/.test(route)) {
      return send(response, 200, this.#cancel(id, body))
    }
    const alertCall = answerAlertCall({ route, id, search: url.searchParams, body, server: this })
    if (alertCall && 'list' in alertCall) return this.#sendPage(response, url, alertCall.list)
    if (alertCall) return send(response, 200, alertCall.alert)
    const quarantineCall = this.quarantine.answer({
      route,
      id,
      body,
      detectionOf: (detection) => this.#detections().find((one) => one.id === detection),
    })
    if (quarantineCall) return send(response, quarantineCall.status, quarantineCall.value)
    if (/^GET \/fleet\/v1\/quarantine$/.test(route)) {
      const [machineId, state] = ['machineId', 'state'].map((name) => url.searchParams.get(name))
      const files = this.quarantine.files.filter(
        (one) => (!machineId || one.machineId === machineId) && (!state || one.state === state),
      )
      return this.#sendCursorPage(response, url, files)
    }
    if (/^GET \/fleet\/v1\/machineActions\/[^/]+$/.test(route)) return send(response, 200, this.#action(id))
    if (/^GET \/fleet\/v1\/scans\/[^/]+$/.test(route)) return send(response, 200, this.#scan(id))
    if (/^GET \/fleet\/v1\/scans\/[^/]+\/not-scanned$/.test(route)) {
      const list = this.notScannedLists.get(id)
      if (!list) throw new Refused('ResourceNotFound', `A list of what the scan ${id} left out was not found`)
      response.writeHead(200, { 'Content-Type': 'application/gzip' }).end(list)
      return
    }
    if (/^GET \/fleet\/v1\/detections$/.test(route)) return this.#sendDetections(response, url)
    if (/^GET \/fleet\/v1\/events$/.test(route)) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': hello\n\n')
      this.#streams.add(response)
      return
    }
    if (/^GET \/fleet\/v1\/audit$/.test(route)) {
      return this.#sendCursorPage(response, url, this.auditEntries)
    }
    if (/^GET \/fleet\/v1\/audit\/verification$/.test(route)) {
      return send(response, 200, this.auditVerification)
    }
    if (/^GET \/fleet\/v1\/enrollmentTokens$/.test(route)) {
      return this.#sendCursorPage(response, url, this.enrollmentTokens)
    }
    if (/^POST \/fleet\/v1\/enrollmentTokens$/.test(route)) {
      const created = this.#createToken(body as CreateEnrollmentTokenBody)
      return send(response, 201, { ...created, token: this.#tokenText(created.id) })
    }
    if (/^DELETE \/fleet\/v1\/enrollmentTokens\/[^/]+$/.test(route)) {
      const at = this.enrollmentTokens.findIndex((token) => token.id === id)
      const token = this.enrollmentTokens[at]
      if (!token) throw new Refused('ResourceNotFound', `Enrollment token ${id} was not found`)
      this.enrollmentTokens[at] = { ...token, revokedAt: this.now() }
      response.writeHead(204).end()
      return
    }
    throw new Refused('NotFound', 'There is nothing here')
  }

  #giveToken(response: ServerResponse, form: URLSearchParams) {
    if (form.get('client_id') !== this.clientId || form.get('client_secret') !== this.clientSecret) {
      const error_description =
        'AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 1 Timestamp: 2026-11-23 08:00:00Z'
      return send(response, 401, { error: 'invalid_client', error_description, error_codes: [7_000_215] })
    }
    send(response, 200, this.newToken())
  }

  /** A fresh access token, as a token endpoint answers it. */
  newToken() {
    const token = randomBytes(12).toString('hex')
    this.tokens.add(token)
    return { token_type: 'Bearer', expires_in: this.tokenLifeSeconds, access_token: token }
  }

  #requestScan(machine: Machine, body: unknown): MachineAction {
    const { Comment, ScanType } = body as { Comment?: string; ScanType?: string }
    if (!Comment) throw new Refused('MissingRequiredParameter', 'Comment is missing')
    const scanType = readScanType(ScanType ?? '')
    if (!scanType) throw new Refused('InvalidInput', 'ScanType is Quick or Full')
    const active = [...this.actions.values()].find(
      ({ machineId, status }) => machineId === machine.id && !isFinal(status),
    )
    if (active?.status === 'Pending' && active.scope === scanType) return active
    if (active) throw new Refused('ActiveRequestAlreadyExists', 'Action is already in progress')
    const now = this.now()
    const action = this.addAction({
      machineId: machine.id,
      computerDnsName: machine.computerDnsName,
      requestorComment: Comment,
      scope: scanType,
      creationDateTimeUtc: now,
      lastUpdateDateTimeUtc: now,
    })
    this.#tell({ type: 'machineAction', machineAction: action })
    return action
  }

  #cancel(id: string, body: unknown): MachineAction {
    const action = this.#action(id)
    if (isFinal(action.status))
      throw new Refused('BadRequest', `The action has already ended: ${action.status}`)
    const { Comment = null } = (body ?? {}) as { Comment?: string | null }
    const now = this.now()
    this.move(
      id,
      {
        status: 'Cancelled',
        errorHResult: HRESULT_CANCELLED,
        cancellationRequestor: 'Console tests',
        cancellationComment: Comment,
        cancellationDateTimeUtc: now,
      },
      { stop: { orderedAt: now, provenAt: null, proof: null, stoppedWithinMs: null } },
    )
    return this.#action(id)
  }

  #createToken(body: CreateEnrollmentTokenBody): EnrollmentToken {
    const token: EnrollmentToken = {
      id: randomUUID(),
      description: body.description ?? '',
      createdAt: this.now(),
      createdBy: 'Console tests',
      expiresAt: formatInstant(instantFromMs(Date.now() + (body.expiresInMinutes ?? 1_440) * 60_000)),
      revokedAt: null,
      maxUses: body.maxUses ?? 1,
      uses: 0,
      tags: body.tags ?? [],
      replaceMachineId: body.replaceMachineId ?? null,
    }
    this.enrollmentTokens.push(token)
    return token
  }

  #tokenText(tokenId: string): string {
    const secret = randomBytes(32).toString('base64url')
    return encodeEnrollmentToken({
      tenant: this.tenant,
      tokenId,
      secret,
      orderRootSha256: randomBytes(32).toString('hex'),
    })
  }

  #sendPage(response: ServerResponse, url: URL, all: readonly object[]) {
    send(response, 200, odataPage(all, url, this))
  }

  #detections(): FleetDetection[] {
    return [...this.scans.values()].flatMap((scan) => scan.detections)
  }

  #sendDetections(response: ServerResponse, url: URL) {
    const actionId = url.searchParams.get('actionId')
    const machineId = url.searchParams.get('machineId')
    const wanted = this.#detections().filter(
      (one) => (!actionId || one.actionId === actionId) && (!machineId || one.machineId === machineId),
    )
    this.#sendCursorPage(response, url, wanted)
  }

  #sendCursorPage(response: ServerResponse, url: URL, all: readonly unknown[]) {
    send(response, 200, cursorPage(all, url, this.pageSize))
  }

  #refuse(response: ServerResponse, url: URL, { code, message }: Refused) {
    const status = ERROR_STATUS[code]
    const target = randomUUID()
    if (url.pathname.startsWith('/fleet/')) {
      const problem = { type: 'about:blank', title: code, status, detail: message, code, instance: target }
      return send(response, status, problem, 'application/problem+json')
    }
    send(response, status, { error: { code, message, target } })
  }

  #tell(event: FleetEvent): void {
    this.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }

  /** The machine of an id or name. @throws Refused when there is none */
  machine(idOrName: string): Machine {
    const machine = this.machines.find(({ id, computerDnsName }) => [id, computerDnsName].includes(idOrName))
    if (!machine) throw new Refused('ResourceNotFound', `Machine ${idOrName} was not found`)
    return machine
  }

  #action(id: string): MachineAction {
    const action = this.actions.get(id)
    if (!action) throw new Refused('ResourceNotFound', `Machine action ${id} was not found`)
    return action
  }

  #scan(id: string): Scan {
    const scan = this.scans.get(id)
    if (!scan) throw new Refused('ResourceNotFound', `Scan ${id} was not found`)
    return scan
  }

  /** The moment, as answers show it. */
  now(): string {
    return formatInstant(instantFromMs(performance.timeOrigin + performance.now()))
  }
}
