import { type Clock, isFinal, type MachineActionStatus } from '@fleetsweep/protocol'
import type { Bus, Hint } from '../kit/bus.ts'
import { ApiError } from '../kit/http/index.ts'
import type { Principal } from '../principal/index.ts'

/** A call that waits costs a connection for as long as it does, which a limit of calls does not see. */
const MAX_WAITS_EACH = 100
const MAX_WAITS = 2_000
const RETRY_AFTER_SECONDS = '10'

type Wait = {
  principal: Principal
  /** Of the machine action, as its row has it. */
  id: string
  waitMs: number
  /** Aborts when the caller has gone away. */
  signal: AbortSignal
}

/**
 * Holds calls until the machine action that they are about has ended. A row is read when the bus hints at it and once
 * when the time is over, never in between: what a lost hint would have told is late, not lost.
 */
export class ActionWaits {
  readonly #clock: Clock
  readonly #waiters = new Set<Waiter>()
  readonly #unsubscribe: () => void
  #isClosed = false

  constructor({ bus, clock }: { bus: Bus; clock: Clock }) {
    this.#clock = clock
    this.#unsubscribe = bus.subscribe((hint) => this.#hear(hint))
  }

  /**
   * @param first what was read before, which has not ended
   * @param look reads anew; what it throws ends the wait
   * @returns what was read last: at the end, when the time is over, when the server stops
   * @throws ApiError `TooManyRequests` when the principal waits too often at once, `ServiceUnavailable` when all do
   */
  async hold<Value extends { status: MachineActionStatus }>(
    wait: Wait,
    first: Value,
    look: () => Promise<Value>,
  ): Promise<Value> {
    if (this.#isClosed) return first
    const waiter = this.#enter(wait)
    const timer = this.#clock.setTimer(wait.waitMs, () => waiter.end())
    const leave = () => waiter.end()
    wait.signal.addEventListener('abort', leave)
    try {
      // What happened since the first look was hinted at before anybody listened.
      for (let seen = await look(); ; seen = await look()) {
        if (isFinal(seen.status) || waiter.isOver) return seen
        await waiter.woken()
        if (wait.signal.aborted) return seen
      }
    } finally {
      timer.cancel()
      wait.signal.removeEventListener('abort', leave)
      this.#waiters.delete(waiter)
    }
  }

  /** Answers every call that waits with what stands; none waits any more. */
  close(): void {
    this.#isClosed = true
    this.#unsubscribe()
    for (const waiter of this.#waiters) waiter.end()
  }

  #enter({ principal, id, signal }: Wait): Waiter {
    const headers = { 'retry-after': RETRY_AFTER_SECONDS }
    if (this.#waiters.size >= MAX_WAITS) {
      throw new ApiError('ServiceUnavailable', 'Too many calls wait here. Ask without wait, or later', {
        headers,
      })
    }
    let own = 0
    for (const { principal: other } of this.#waiters) {
      if (other.tenant === principal.tenant && other.kind === principal.kind && other.id === principal.id) {
        own += 1
      }
    }
    if (own >= MAX_WAITS_EACH) {
      throw new ApiError('TooManyRequests', `Only ${MAX_WAITS_EACH} calls may wait at once`, { headers })
    }
    const waiter = new Waiter(principal, id)
    if (signal.aborted) waiter.end()
    this.#waiters.add(waiter)
    return waiter
  }

  #hear(hint: Hint): void {
    if (hint.topic !== 'machineActions' && hint.topic !== 'securityEpoch') return
    const ids = hint.topic === 'machineActions' ? new Set(hint.ids) : undefined
    for (const waiter of this.#waiters) {
      // Who may do what has changed: whoever may not read this any more waits no longer.
      const isMeant = ids === undefined || ids.has(waiter.id)
      if (waiter.principal.tenant === hint.tenant && isMeant) waiter.wake()
    }
  }
}

class Waiter {
  readonly principal: Principal
  readonly id: string
  isOver = false
  #waking = Promise.withResolvers<void>()

  constructor(principal: Principal, id: string) {
    this.principal = principal
    this.id = id
  }

  /** Resolves once it was woken since it last was; several times count as one. */
  async woken(): Promise<void> {
    await this.#waking.promise
    this.#waking = Promise.withResolvers()
  }

  wake(): void {
    this.#waking.resolve()
  }

  end(): void {
    this.isOver = true
    this.wake()
  }
}
