import { type Clock, msBetween, type TenantId } from '@fleetsweep/protocol'
import type { CallClass, CallLimiter, Exceeded } from '../kit/http/index.ts'
import { networkOf } from '../kit/network.ts'
import { CallCounter } from '../kit/rate-limit/call-counter.ts'
import { NO_TENANT } from '../tenant/index.ts'
import type { StoredCallCount } from './call-count-store.ts'
import { CALL_CLASSES, CALL_LIMITS, limitsOf } from './call-limits.ts'
import type { Principal } from './principal.ts'

/** Callers that each budget remembers; the one idle longest is forgotten first. A caller takes 2 kB. */
const MAX_CALLERS = 5_000
const TENANT_LENGTH = NO_TENANT.length

/** Limits the calls of each principal of each tenant, and calls of nobody known by where they come from. */
export class PrincipalCallLimiter implements CallLimiter<Principal> {
  readonly #clock: Clock
  // One for each class, so that whoever floods one pushes nobody out of another.
  readonly #counters: ReadonlyMap<CallClass, CallCounter>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#counters = new Map(CALL_CLASSES.map((name) => [name, new CallCounter(clock, MAX_CALLERS)]))
  }

  countCall(principal: Principal, callClass: CallClass): Exceeded | undefined {
    const { tenant, kind, id } = principal
    return this.#of(callClass).count(keyOf(tenant, `${kind}/${id}`), limitsOf(principal, callClass))
  }

  countAnonymous(address: string, callClass: CallClass): Exceeded | undefined {
    return this.#of(callClass).count(keyOf(NO_TENANT, networkOf(address)), CALL_LIMITS[callClass])
  }

  /** What has changed since this was last asked. */
  takeChanged(): StoredCallCount[] {
    const countedAt = this.#clock.now()
    return [...this.#counters].flatMap(([callClass, counter]) =>
      counter.takeChanged().map(({ key, counts }) => ({ callClass, counts, countedAt, ...namesIn(key) })),
    )
  }

  /** Takes what could not be kept among what has changed again. */
  markChanged(counts: readonly StoredCallCount[]): void {
    for (const { callClass, tenant, caller } of counts)
      this.#of(callClass).markChanged([keyOf(tenant, caller)])
  }

  /** Goes on from what another process counted; the newest first, as far as there is room. */
  restore(counts: readonly StoredCallCount[]): void {
    const now = this.#clock.now()
    for (const { callClass, tenant, caller, counts: windows, countedAt } of counts.toReversed()) {
      this.#of(callClass).restore(keyOf(tenant, caller), windows, msBetween(countedAt, now))
    }
  }

  #of(callClass: CallClass): CallCounter {
    const counter = this.#counters.get(callClass)
    if (!counter) throw new Error(`There is no budget called ${callClass}.`)
    return counter
  }
}

function keyOf(tenant: TenantId, caller: string): string {
  return `${tenant}/${caller}`
}

function namesIn(key: string): { tenant: TenantId; caller: string } {
  return { tenant: key.slice(0, TENANT_LENGTH) as TenantId, caller: key.slice(TENANT_LENGTH + 1) }
}
