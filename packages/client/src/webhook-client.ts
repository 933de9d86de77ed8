import {
  type ChangeWebhookBody,
  CreatedWebhook,
  type CreateWebhookBody,
  type RotateWebhookSecretBody,
  Webhook,
  WebhookDelivery,
} from '@fleetsweep/protocol'
import type { HttpConnection } from './http-connection.ts'
import { readCursorList } from './pages.ts'

type Signalled = { signal?: AbortSignal }

/** Who is told of what happens. Every method throws `ClientError`. */
export class WebhookClient {
  readonly #connection: HttpConnection

  /** @internal */
  constructor(connection: HttpConnection) {
    this.#connection = connection
  }

  /** Newest first. */
  list({ signal }: Signalled = {}): AsyncGenerator<Webhook, void, undefined> {
    return readCursorList(this.#connection, WEBHOOKS, Webhook, {}, signal)
  }

  get(id: string, { signal }: Signalled = {}): Promise<Webhook> {
    return this.#connection.call({ method: 'GET', path: pathOf(id), signal }, Webhook)
  }

  /** The answer is the only time that the secret itself is shown. */
  create(body: CreateWebhookBody, { signal }: Signalled = {}): Promise<CreatedWebhook> {
    return this.#connection.call({ method: 'POST', path: WEBHOOKS, body, signal }, CreatedWebhook)
  }

  change(id: string, body: ChangeWebhookBody, { signal }: Signalled = {}): Promise<Webhook> {
    return this.#connection.call({ method: 'PATCH', path: pathOf(id), body, signal }, Webhook)
  }

  /** Makes another secret, the only time that it is shown; for a while messages are signed with both. */
  rotateSecret(
    id: string,
    body: RotateWebhookSecretBody = {},
    { signal }: Signalled = {},
  ): Promise<CreatedWebhook> {
    const path = pathOf(id, 'secret')
    return this.#connection.call({ method: 'POST', path, body, signal }, CreatedWebhook)
  }

  /** Removes a webhook with what waits for it and its log. */
  delete(id: string, { signal }: Signalled = {}): Promise<void> {
    return this.#connection.do({ method: 'DELETE', path: pathOf(id), signal })
  }

  /** Sends a test; `getDelivery` says how it went. */
  test(id: string, { signal }: Signalled = {}): Promise<WebhookDelivery> {
    return this.#connection.call({ method: 'POST', path: pathOf(id, 'test'), signal }, WebhookDelivery)
  }

  /** Newest first. */
  listDeliveries(id: string, { signal }: Signalled = {}): AsyncGenerator<WebhookDelivery, void, undefined> {
    return readCursorList(this.#connection, pathOf(id, 'deliveries'), WebhookDelivery, {}, signal)
  }

  getDelivery(id: string, delivery: string, { signal }: Signalled = {}): Promise<WebhookDelivery> {
    const path = pathOf(id, 'deliveries', delivery)
    return this.#connection.call({ method: 'GET', path, signal }, WebhookDelivery)
  }

  /** Sends a message once more under its own id. */
  redeliver(id: string, delivery: string, { signal }: Signalled = {}): Promise<WebhookDelivery> {
    const path = pathOf(id, 'deliveries', delivery, 'redeliver')
    return this.#connection.call({ method: 'POST', path, signal }, WebhookDelivery)
  }
}

const WEBHOOKS = '/fleet/v1/webhooks'

function pathOf(...parts: string[]): string {
  return [WEBHOOKS, ...parts.map(encodeURIComponent)].join('/')
}
