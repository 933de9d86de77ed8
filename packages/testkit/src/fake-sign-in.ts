import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { send } from './fake-answer.ts'

/** What signing people in takes of its server. */
type Server = {
  readonly baseUrl: string
  readonly tenant: string
  readonly tokens: Set<string>
  newToken(): { access_token: string; expires_in: number; token_type: string }
}

type Code = { clientId: string; redirectUri: string; challenge: string; session: string }
type Device = { userCode: string; state: 'pending' | 'approved' | 'declined' | 'expired' }

/** Where programs may send a person back to; as on a real server nothing else is taken. */
const CALLBACK = '/console/signed-in'

/**
 * Signs people in by authorization code with PKCE and by device code, as the server's clients see it. Its page has a
 * link in place of a form: whoever follows it is Ada.
 */
export class FakeSignIn {
  readonly domain = 'contoso.example'
  readonly userPrincipalName = 'ada@contoso.example'
  readonly displayName = 'Ada Lovelace'
  /** False for a server with several tenants, which names none to strangers. */
  onlyTenant = true
  /** Device codes that were given out, oldest first. */
  readonly devices = new Map<string, Device>()
  /** Seconds between two questions about a device code. */
  interval = 1
  readonly #server: Server
  readonly #sessions = new Set<string>()
  readonly #codes = new Map<string, Code>()
  /** The refresh token that is good, for each sign-in. */
  readonly #signIns = new Map<string, { refreshToken: string; accessToken: string; session: string }>()
  readonly #spent = new Map<string, string>()

  constructor(server: Server) {
    this.#server = server
  }

  /** Sign-ins that have not ended. */
  get signIns(): number {
    return this.#signIns.size
  }

  /** What the person decides on the page for devices. */
  decide(userCode: string, state: Device['state']): void {
    const device = [...this.devices.values()].find((one) => one.userCode === userCode)
    if (!device) throw new Error(`Nobody was given the code ${userCode}.`)
    device.state = state
  }

  /** Ends every sign-in and every session, as an administrator can. */
  endAll(): void {
    this.#sessions.clear()
    for (const id of this.#signIns.keys()) this.#end(id)
  }

  /** @returns false for a request that has nothing to do with people who sign in */
  answer(request: IncomingMessage, response: ServerResponse, url: URL, form: URLSearchParams): boolean {
    if (url.pathname === '/fleet/v1/signIn') {
      const tenant = { id: this.#server.tenant, domain: this.domain }
      send(response, 200, { tenant: this.onlyTenant ? tenant : null })
      return true
    }
    const [, tenant = '', ...rest] = url.pathname.split('/')
    if (tenant !== this.#server.tenant && tenant !== this.domain) return false
    switch (rest.join('/')) {
      case 'oauth2/v2.0/authorize':
        this.#authorize(request, response, url)
        return true
      case 'sign-in':
        this.#signIn(response, url)
        return true
      case 'oauth2/v2.0/logout':
        this.#signOut(request, response, url)
        return true
      case 'oauth2/v2.0/devicecode':
        this.#giveDeviceCode(response)
        return true
      case 'oauth2/v2.0/revoke':
        this.#revoke(response, form)
        return true
      case 'oauth2/v2.0/token':
        return this.#answerGrant(response, form)
      default:
        return false
    }
  }

  #authorize(request: IncomingMessage, response: ServerResponse, url: URL) {
    const { searchParams: query } = url
    const redirectUri = query.get('redirect_uri') ?? ''
    if (redirectUri !== `${this.#server.baseUrl}${CALLBACK}`) {
      return refuse(response, 'invalid_request', 'The redirect address is not one of this program.')
    }
    const session = sessionOf(request)
    if (this.#sessions.has(session)) return this.#sendBack(response, query, session)
    if (query.get('prompt') === 'none') {
      return redirect(response, redirectUri, { error: 'login_required', state: query.get('state') ?? '' })
    }
    const page = `<!doctype html><html lang="en"><title>Sign in</title><h1>Pick an account</h1>
      <a href="/${this.#server.tenant}/sign-in?${query.toString().replaceAll('&', '&amp;')}">${this.userPrincipalName}</a>
      <a href="${redirectUri}?error=access_denied&amp;state=${query.get('state')}">No</a>`
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(page)
  }

  #signIn(response: ServerResponse, { searchParams: query }: URL) {
    const session = randomBytes(12).toString('hex')
    this.#sessions.add(session)
    response.setHeader('Set-Cookie', `session=${session}; HttpOnly; SameSite=Lax; Path=/`)
    this.#sendBack(response, query, session)
  }

  #sendBack(response: ServerResponse, query: URLSearchParams, session: string) {
    const code = randomBytes(12).toString('hex')
    const redirectUri = query.get('redirect_uri') ?? ''
    this.#codes.set(code, {
      clientId: query.get('client_id') ?? '',
      redirectUri,
      challenge: query.get('code_challenge') ?? '',
      session,
    })
    redirect(response, redirectUri, { code, state: query.get('state') ?? '' })
  }

  #signOut(request: IncomingMessage, response: ServerResponse, { searchParams: query }: URL) {
    const session = sessionOf(request)
    this.#sessions.delete(session)
    for (const [id, signIn] of this.#signIns) if (signIn.session === session) this.#end(id)
    redirect(response, query.get('post_logout_redirect_uri') ?? '/', {})
  }

  #giveDeviceCode(response: ServerResponse) {
    const digits = randomBytes(4).toString('hex').toUpperCase()
    const userCode = `${digits.slice(0, 4)}-${digits.slice(4)}`
    const deviceCode = randomBytes(12).toString('hex')
    this.devices.set(deviceCode, { userCode, state: 'pending' })
    send(response, 200, {
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: `${this.#server.baseUrl}/${this.domain}/device`,
      expires_in: 900,
      interval: this.interval,
    })
  }

  #revoke(response: ServerResponse, form: URLSearchParams) {
    const token = form.get('token') ?? ''
    for (const [id, { refreshToken }] of this.#signIns) if (refreshToken === token) this.#end(id)
    send(response, 200, {})
  }

  #answerGrant(response: ServerResponse, form: URLSearchParams): boolean {
    switch (form.get('grant_type')) {
      case 'authorization_code':
        this.#redeemCode(response, form)
        return true
      case 'urn:ietf:params:oauth:grant-type:device_code':
        this.#redeemDeviceCode(response, form)
        return true
      case 'refresh_token':
        this.#refresh(response, form)
        return true
      default:
        return false
    }
  }

  #redeemCode(response: ServerResponse, form: URLSearchParams) {
    const code = this.#codes.get(form.get('code') ?? '')
    this.#codes.delete(form.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const fits =
      code?.challenge === challenge &&
      code.redirectUri === form.get('redirect_uri') &&
      code.clientId === form.get('client_id')
    if (!fits) return refuse(response, 'invalid_grant', 'AADSTS70000: The code is not good.')
    this.#giveSignIn(response, randomBytes(6).toString('hex'), code.session)
  }

  #redeemDeviceCode(response: ServerResponse, form: URLSearchParams) {
    const deviceCode = form.get('device_code') ?? ''
    const device = this.devices.get(deviceCode)
    switch (device?.state) {
      case 'approved':
        this.devices.delete(deviceCode)
        return this.#giveSignIn(response, randomBytes(6).toString('hex'), '')
      case 'pending':
        return refuse(response, 'authorization_pending', 'AADSTS70016: Nobody has entered the code yet.')
      case 'declined':
        return refuse(response, 'authorization_declined', 'AADSTS70017: The person said no.')
      case 'expired':
        return refuse(response, 'expired_token', 'AADSTS70020: The code has expired.')
      default:
        return refuse(response, 'invalid_grant', 'AADSTS70000: The device code is not good.')
    }
  }

  /** One that comes a second time is stolen, from whoever brings it or from whoever brought it first. */
  #refresh(response: ServerResponse, form: URLSearchParams) {
    const token = form.get('refresh_token') ?? ''
    const reused = this.#spent.get(token)
    if (reused !== undefined) this.#end(reused)
    const [id, signIn] = [...this.#signIns].find(([, { refreshToken }]) => refreshToken === token) ?? []
    if (id === undefined || !signIn) {
      return refuse(
        response,
        'invalid_grant',
        'AADSTS70008: The sign-in is over. Trace ID: 1 Correlation ID: 1',
      )
    }
    this.#spent.set(token, id)
    this.#giveSignIn(response, id, signIn.session)
  }

  #giveSignIn(response: ServerResponse, id: string, session: string) {
    const given = this.#server.newToken()
    const refreshToken = randomBytes(12).toString('hex')
    this.#signIns.set(id, { refreshToken, accessToken: given.access_token, session })
    const claims = {
      preferred_username: this.userPrincipalName,
      name: this.displayName,
      tid: this.#server.tenant,
    }
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const idToken = `${part({ alg: 'none' })}.${part(claims)}.`
    send(response, 200, { ...given, refresh_token: refreshToken, id_token: idToken })
  }

  #end(id: string) {
    this.#server.tokens.delete(this.#signIns.get(id)?.accessToken ?? '')
    this.#signIns.delete(id)
  }
}

function sessionOf({ headers }: IncomingMessage): string {
  return /\bsession=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? ''
}

function redirect(response: ServerResponse, to: string, query: Record<string, string>): void {
  const search = new URLSearchParams(query).toString()
  response.writeHead(302, { Location: search === '' ? to : `${to}?${search}` }).end()
}

function refuse(response: ServerResponse, error: string, description: string): void {
  send(response, 400, { error, error_description: description })
}
