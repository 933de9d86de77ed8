import {
  type AddCertificateBody,
  Application,
  ApplicationCertificate,
  ApplicationSignIn,
  CallLimits,
  type ChangeApplicationBody,
  type CreateApplicationBody,
  CreatedApplication,
  CreatedSecret,
  type CreateSecretBody,
} from '@fleetsweep/protocol'
import type { HttpConnection } from './http-connection.ts'
import { readCursorList } from './pages.ts'

type Signalled = { signal?: AbortSignal }

/** Programs that call a server: what they may do, how they prove who they are. Every method throws `ClientError`. */
export class ApplicationClient {
  readonly #connection: HttpConnection

  /** @internal */
  constructor(connection: HttpConnection) {
    this.#connection = connection
  }

  /** Newest first. */
  list({ signal }: Signalled = {}): AsyncGenerator<Application, void, undefined> {
    return readCursorList(this.#connection, APPLICATIONS, Application, {}, signal)
  }

  get(id: string, { signal }: Signalled = {}): Promise<Application> {
    return this.#connection.call({ method: 'GET', path: pathOf(id), signal }, Application)
  }

  /** The answer is the only time that the first secret itself is shown. */
  create(body: CreateApplicationBody, { signal }: Signalled = {}): Promise<CreatedApplication> {
    return this.#connection.call({ method: 'POST', path: APPLICATIONS, body, signal }, CreatedApplication)
  }

  change(id: string, body: ChangeApplicationBody, { signal }: Signalled = {}): Promise<Application> {
    return this.#connection.call({ method: 'PATCH', path: pathOf(id), body, signal }, Application)
  }

  /** Its tokens are refused from then on. */
  delete(id: string, { signal }: Signalled = {}): Promise<void> {
    return this.#connection.do({ method: 'DELETE', path: pathOf(id), signal })
  }

  setLimits(id: string, body: CallLimits, { signal }: Signalled = {}): Promise<CallLimits> {
    const path = pathOf(id, 'limits')
    return this.#connection.call({ method: 'PUT', path, body, signal }, CallLimits)
  }

  /** How people sign in with an application. */
  getSignIn(id: string, { signal }: Signalled = {}): Promise<ApplicationSignIn> {
    return this.#connection.call({ method: 'GET', path: pathOf(id, 'signIn'), signal }, ApplicationSignIn)
  }

  setSignIn(id: string, body: ApplicationSignIn, { signal }: Signalled = {}): Promise<ApplicationSignIn> {
    const path = pathOf(id, 'signIn')
    return this.#connection.call({ method: 'PUT', path, body, signal }, ApplicationSignIn)
  }

  /** The answer is the only time that the secret itself is shown. Other secrets stay good. */
  addSecret(id: string, body: CreateSecretBody, { signal }: Signalled = {}): Promise<CreatedSecret> {
    const path = pathOf(id, 'secrets')
    return this.#connection.call({ method: 'POST', path, body, signal }, CreatedSecret)
  }

  addCertificate(
    id: string,
    body: AddCertificateBody,
    { signal }: Signalled = {},
  ): Promise<ApplicationCertificate> {
    const path = pathOf(id, 'certificates')
    return this.#connection.call({ method: 'POST', path, body, signal }, ApplicationCertificate)
  }

  /** Makes a credential worthless, with every token that was got with it. */
  revokeCredential(
    id: string,
    kind: 'secrets' | 'certificates',
    credential: string,
    { signal }: Signalled = {},
  ): Promise<void> {
    return this.#connection.do({ method: 'DELETE', path: pathOf(id, kind, credential), signal })
  }
}

const APPLICATIONS = '/fleet/v1/applications'

function pathOf(...parts: string[]): string {
  return [APPLICATIONS, ...parts.map(encodeURIComponent)].join('/')
}
