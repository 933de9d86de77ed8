import { addMs, type Clock, formatInstant, type Instant, type TenantId } from '@fleetsweep/protocol'
import type { AuditEntry, AuditPrincipal } from './audit-entry.ts'

const MINUTE_MS = 60_000
const MINUTE_MICROSECONDS = MINUTE_MS * 1_000
/** Principals times routes times codes of a minute; what is beyond is counted and not told apart. */
const MAX_TALLIES = 10_000

export type RefusedCalls = {
  tenant: TenantId
  principal: AuditPrincipal
  route: string
  code: string
  minute: Instant
  calls: number
}

/**
 * Counts refused calls by principal, route, code and minute: an entry for each call would let whoever is refused fill
 * the database.
 */
export class RefusalTally {
  readonly #clock: Clock
  #tallies = new Map<string, RefusedCalls>()
  #beyond = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(tenant: TenantId, principal: AuditPrincipal, route: string, code: string): void {
    const now = this.#clock.now()
    const minute = (now - (now % MINUTE_MICROSECONDS)) as Instant
    this.#add({ tenant, principal, route, code, minute, calls: 1 })
  }

  /** Takes out the tallies of minutes that are over, or all; `beyond` is how many calls found no room. */
  take(which: 'over' | 'all'): { tallies: RefusedCalls[]; beyond: number } {
    const now = this.#clock.now()
    const tallies: RefusedCalls[] = []
    for (const [key, tally] of this.#tallies) {
      // A minute that lies ahead was counted before the clock was set back: it will not go on.
      const isOver = addMs(tally.minute, MINUTE_MS) <= now || tally.minute > now
      if (which !== 'all' && !isOver) continue
      tallies.push(tally)
      this.#tallies.delete(key)
    }
    const beyond = this.#beyond
    this.#beyond = 0
    return { tallies, beyond }
  }

  /** Takes back what could not be written. */
  giveBack(tallies: readonly RefusedCalls[]): void {
    for (const tally of tallies) this.#add(tally)
  }

  #add(added: RefusedCalls): void {
    const { tenant, principal, route, code, minute, calls } = added
    const key = [tenant, principal.kind, principal.id, minute, code, route].join('/')
    const known = this.#tallies.get(key)
    if (known) known.calls += calls
    else if (this.#tallies.size < MAX_TALLIES) this.#tallies.set(key, added)
    else this.#beyond += calls
  }
}

/** A tally as the audit keeps it. */
export function refusalEntry(
  { principal, route, code, minute, calls }: RefusedCalls,
  id: string,
): AuditEntry {
  return {
    id,
    principal,
    operation: 'call.refused',
    target: route,
    detail: { code, minute: formatInstant(minute), calls },
  }
}
