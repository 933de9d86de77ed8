import { type ApiDatabase, ApiServer, type Application } from '../api-server.ts'
import { type RawAnswer, type RawOptions, rawCall } from '../raw-call.ts'

/** Headers of programs that drive this API, as they send them; what each call adds comes after. */
const CLIENTS = {
  /** A case-management responder in Python. */
  responder: [
    'User-Agent: python-requests/2.31.0',
    'Accept-Encoding: gzip, deflate',
    'Accept: */*',
    'Connection: keep-alive',
  ],
  /** A SIEM's poller in Go. */
  poller: ['User-Agent: Go-http-client/1.1', 'Accept: application/json', 'Accept-Encoding: gzip'],
  /** A SOAR platform's connector. */
  connector: [
    'User-Agent: python-requests/2.32.3',
    'Accept: application/json',
    'Content-Type: application/json',
  ],
  /** A script in Windows PowerShell 5.1. */
  powershell: [
    'User-Agent: Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.4291',
    'Connection: Keep-Alive',
  ],
  /** Microsoft's own sign-in library. */
  msal: [
    'User-Agent: python-requests/2.32.3',
    'Accept: application/json',
    'x-client-sku: MSAL.Python',
    'x-client-ver: 1.31.0',
    'x-client-os: linux',
    'client-request-id: 4f1f2d4e-1111-4222-8333-444444444444',
    'return-client-request-id: true',
  ],
} as const

export type ClientKind = keyof typeof CLIENTS

/** A server with an application on it, and clients that write their requests by hand. */
export class ClientWorld implements AsyncDisposable {
  readonly api: ApiServer
  readonly application: Application
  #token: string

  static async open(openDatabase?: () => Promise<ApiDatabase>): Promise<ClientWorld> {
    const api = await ApiServer.start(openDatabase)
    const application = await api.application()
    return new ClientWorld(api, application, await api.token(application))
  }

  private constructor(api: ApiServer, application: Application, token: string) {
    this.api = api
    this.application = application
    this.#token = token
  }

  get origin(): string {
    return this.api.origin
  }

  get host(): string {
    return new URL(this.origin).host
  }

  get bearer(): string {
    return `Authorization: Bearer ${this.#token}`
  }

  /** Lets time pass, and gets a token that is good then. */
  async pass(duration: Parameters<ApiServer['clock']['advance']>[0]): Promise<void> {
    this.api.clock.advance(duration)
    this.#token = await this.api.token(this.application)
  }

  /** One request with nothing but Host, the client's own headers and these. */
  send(
    client: ClientKind,
    requestLine: string,
    headers: readonly string[] = [],
    body = '',
    options: RawOptions = {},
  ): Promise<RawAnswer> {
    const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
    const head = [`${requestLine} HTTP/1.1`, `Host: ${this.host}`, ...CLIENTS[client], ...headers, ...length]
    return rawCall(this.origin, head, body, options)
  }

  /** As `send`, with the token of the application. */
  call(
    client: ClientKind,
    requestLine: string,
    body = '',
    headers: readonly string[] = [],
  ): Promise<RawAnswer> {
    return this.send(client, requestLine, [this.bearer, ...headers], body)
  }

  /** A connector asks for a scan. */
  scan(machine: string, scanType = 'Full', comment = 'Check machine for viruses due to alert 3212') {
    const body = `{"Comment": ${JSON.stringify(comment)}, "ScanType": "${scanType}"}`
    return this.call('connector', `POST /api/machines/${machine}/runAntiVirusScan`, body)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.api[Symbol.asyncDispose]()
  }
}

/** What a list holds. */
export type List = {
  '@odata.context': string
  '@odata.count'?: number
  '@odata.nextLink'?: string
  value: Record<string, unknown>[]
}
