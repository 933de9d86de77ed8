import { addMs, type Clock, type TenantId } from '@fleetsweep/protocol'
import type { Logger } from 'pino'
import type { Bus } from '../kit/bus.ts'
import { Repetition } from '../kit/repetition.ts'
import { type Posted, postMessage } from './post-message.ts'
import { readRetryAfterMs, retryInMs } from './retry-schedule.ts'
import type { AttemptResult } from './webhook.ts'
import type { WebhookOutbox } from './webhook-outbox.ts'
import type { WebhookSecrets } from './webhook-secrets.ts'
import type { AttemptRecord, ClaimedDelivery, WebhookStore } from './webhook-store.ts'
import type { WebhookTargets } from './webhook-targets.ts'
import { writeMessage } from './write-message.ts'

/** What no hint tells of is found so late: retries, and what another node left behind. */
const LOOK_EVERY_MS = 5_000
/** Moments of writes increase strictly, so many at once are stamped a little later than the clock shows. */
const AHEAD_MS = 100
const TIMEOUT_MS = 15_000
/** Longer than an attempt may take, so that two nodes do not make the same one. */
const LEASE_MS = TIMEOUT_MS + 10_000
const AT_ONCE = 128
/** A slow receiver holds up itself, not the others. */
const AT_ONCE_PER_WEBHOOK = 4
/** One that fails is tried with one message at a time. */
const AT_ONCE_WHILE_FAILING = 1
const FAILING_LIMIT_MS = 5 * 86_400_000
/** How long attempts under way may go on when the server stops. */
const FINISH_WITHIN_MS = 5_000

/** The receiver wants nothing more, for good. */
const GONE = 410
const TOO_MANY = 429
const UNAVAILABLE = 503

export type WebhookDelivererParts = {
  outbox: WebhookOutbox
  webhooksOf: (tenant: TenantId) => WebhookStore
  secrets: WebhookSecrets
  targets: WebhookTargets
  /** The page of a scan, for people. */
  pageOf: (actionId: string) => string
  bus: Bus
  clock: Clock
  logger: Logger
  newId: () => string
  /** From 0 to 1; for jitter, never for secrets. */
  random: () => number
}

/**
 * Carries what waits in the outbox to its receivers, at least once. Nodes share the work: each takes what is due under
 * a lease, and what a node that died had taken is due again when its lease ends.
 */
export class WebhookDeliverer {
  readonly #parts: WebhookDelivererParts
  readonly #repetition: Repetition
  readonly #stopped = new AbortController()
  /** Attempts under way, by the webhook they are for. */
  readonly #running = new Map<string, Set<Promise<void>>>()
  #looking: Promise<void> | undefined
  #isAskedAgain = false
  #unsubscribe = () => {}

  constructor(parts: WebhookDelivererParts) {
    this.#parts = parts
    this.#repetition = new Repetition(parts.clock, LOOK_EVERY_MS, () => this.#look())
  }

  start(): void {
    this.#unsubscribe = this.#parts.bus.subscribe(({ topic }) => {
      if (topic === 'machineActions' || topic === 'webhooks') void this.#look()
    })
    this.#repetition.start()
    void this.#look()
  }

  /** Takes nothing new. Settles when the attempts under way are over, or were broken off and given back. */
  async stop(): Promise<void> {
    this.#unsubscribe()
    await this.#repetition.stop()
    await this.#looking
    const timer = this.#parts.clock.setTimer(FINISH_WITHIN_MS, () => this.#stopped.abort())
    await Promise.all([...this.#running.values()].flatMap((attempts) => [...attempts]))
    timer.cancel()
  }

  /** Looks for what is due; whoever asks while it looks has it look once more. */
  #look(): Promise<void> {
    if (this.#repetition.isStopped) return Promise.resolve()
    if (this.#looking) {
      this.#isAskedAgain = true
      return this.#looking
    }
    this.#looking = this.#takeDue()
      .catch((err: unknown) => {
        // Whatever is due now is still due at the next look.
        this.#parts.logger.error({ err }, 'webhook deliveries could not be read')
      })
      .finally(() => {
        this.#looking = undefined
        const isAsked = this.#isAskedAgain
        this.#isAskedAgain = false
        if (isAsked) void this.#look()
      })
    return this.#looking
  }

  async #takeDue(): Promise<void> {
    const { outbox, webhooksOf, clock } = this.#parts
    const now = addMs(clock.now(), AHEAD_MS)
    const due = await outbox.due(now)
    const runningOf = (webhook: string) => this.#running.get(webhook)?.size ?? 0
    let free = AT_ONCE - [...this.#running.values()].reduce((sum, { size }) => sum + size, 0)
    // Those that have least under way come first, so that a few busy ones cannot take every place.
    const inTurn = due.toSorted((a, b) => runningOf(a.webhook) - runningOf(b.webhook))
    await Promise.all(
      inTurn.map(async ({ tenant, webhook, isFailing }) => {
        const most = isFailing ? AT_ONCE_WHILE_FAILING : AT_ONCE_PER_WEBHOOK
        const limit = Math.min(most - runningOf(webhook), free)
        if (limit <= 0) return
        free -= limit
        const terms = { now, leaseMs: LEASE_MS, limit }
        for (const claimed of await webhooksOf(tenant).claim(webhook, terms)) this.#begin(tenant, claimed)
      }),
    )
  }

  #begin(tenant: TenantId, claimed: ClaimedDelivery): void {
    const { id } = claimed.webhook
    const attempts = this.#running.get(id) ?? new Set()
    this.#running.set(id, attempts)
    const attempt = this.#attempt(tenant, claimed)
      .catch((err: unknown) => {
        // Its lease ends, and it is due again.
        this.#parts.logger.error({ err, tenant, webhook: id }, 'a webhook delivery could not be written down')
      })
      .finally(() => {
        attempts.delete(attempt)
        if (attempts.size === 0) this.#running.delete(id)
        void this.#look()
      })
    attempts.add(attempt)
  }

  async #attempt(tenant: TenantId, claimed: ClaimedDelivery): Promise<void> {
    const { webhooksOf, logger } = this.#parts
    const { webhook, delivery, claim } = claimed
    const { id, url } = webhook
    const key = { webhook: id, id: delivery.id, claim }
    const posted = await this.#post(tenant, claimed)
    if (posted.kind === 'unanswered' && this.#stopped.signal.aborted) {
      await webhooksOf(tenant).release(key)
      return
    }
    const disabled = await webhooksOf(tenant).record({ ...key, url, ...this.#judge(claimed, posted) })
    if (disabled !== null) logger.warn({ tenant, webhook: id, reason: disabled }, 'webhook disabled')
  }

  async #post(tenant: TenantId, { webhook, delivery }: ClaimedDelivery): Promise<Posted> {
    const { secrets, targets, pageOf, clock, logger } = this.#parts
    const body = writeMessage(delivery, pageOf)
    const owner = { tenant, webhook: webhook.id }
    let headers: Readonly<Record<string, string>>
    try {
      headers = secrets.sign(owner, webhook.secrets, { id: delivery.id, body, now: clock.now() })
    } catch (err) {
      logger.error({ err, tenant, webhook: webhook.id }, 'a webhook message could not be signed')
      return { kind: 'unanswered', error: 'The secret does not open with the sealing key of this server.' }
    }
    const options = { targets, clock, timeoutMs: TIMEOUT_MS, signal: this.#stopped.signal }
    return postMessage(webhook.url, { headers, body }, options)
  }

  #judge(
    { webhook, delivery }: ClaimedDelivery,
    posted: Posted,
  ): Omit<AttemptRecord, 'webhook' | 'id' | 'claim' | 'url'> {
    const { clock, newId, random } = this.#parts
    const result = resultOf(posted)
    const isGone = result.status === GONE
    const asked =
      posted.kind === 'answered' && (posted.status === TOO_MANY || posted.status === UNAVAILABLE)
        ? readRetryAfterMs(posted.retryAfter, clock.now() / 1_000)
        : null
    return {
      result,
      retryInMs: result.isDelivered || isGone ? null : retryInMs(delivery.attempts, asked, random()),
      isGone,
      failingLimitMs: FAILING_LIMIT_MS,
      audit: {
        id: newId(),
        principal: { kind: 'server', id: 'webhooks', name: 'webhooks' },
        operation: 'webhook.disable',
        target: webhook.id,
        detail: {},
      },
    }
  }
}

function resultOf(posted: Posted): AttemptResult {
  if (posted.kind === 'unanswered') {
    return { isDelivered: false, status: null, error: posted.error, answer: null }
  }
  const { status, answer } = posted
  const isDelivered = status >= 200 && status < 300
  return { isDelivered, status, error: isDelivered ? null : whyRefused(status), answer }
}

function whyRefused(status: number): string {
  if (status >= 300 && status < 400) return `The receiver answered ${status}; redirects are not followed.`
  return `The receiver answered ${status}.`
}
