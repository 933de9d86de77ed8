import type { MachineId, TenantId } from '@fleetsweep/protocol'

/** What deciding about a machine's connections needs to know of one. */
export type Sitter = {
  readonly tenant: TenantId
  readonly machineId: MachineId
  readonly bootId: string
  /** The key that it proved to hold. */
  readonly publicKey: string
  /** Ends it because a newer connection of the same start of the same machine took over. */
  supersede(): void
  /** Ends it if its key is not the machine's any more. */
  checkKey(): void
  /** Ends it because its other end is gone. */
  terminate(): void
  /** Asks for a sign of life. */
  probe(onAlive: () => void): void
}

type Seat<S> = {
  live: Set<S>
  /** Asked for a sign of life that has not come yet. */
  probing: Set<S>
  /** Two ends were alive at once. Stays until all connections are gone; the row keeps it for longer. */
  held: boolean
}

export type SeatRules<S> = {
  /** Calls `run` after the time in which a live end answers a probe. */
  afterProbe: (run: () => void) => void
  /** Two live connections of one key, from different starts: a copied key. */
  onTwins: (newer: S, older: S) => void
  /** A connection that may get orders again. */
  onSettled: (sitter: S) => void
}

/**
 * Decides which connection of a machine counts. The newest of one start wins at once. After another start of the same
 * key, the older one is asked whether it lives: a dead one is a machine that restarted, a live one is a copy, and then
 * neither is given orders.
 */
export class Seats<S extends Sitter> {
  readonly #rules: SeatRules<S>
  readonly #seats = new Map<string, Seat<S>>()

  constructor(rules: SeatRules<S>) {
    this.#rules = rules
  }

  join(newer: S): void {
    const key = keyOf(newer.tenant, newer.machineId)
    const seat = this.#seats.get(key) ?? { live: new Set(), probing: new Set(), held: false }
    this.#seats.set(key, seat)
    const others = [...seat.live]
    seat.live.add(newer)
    for (const older of others) {
      if (older.publicKey !== newer.publicKey) {
        // The key was replaced. Whoever still has the old one proves nothing by being alive.
        older.checkKey()
        newer.checkKey()
      } else if (older.bootId !== newer.bootId) this.#probe(seat, newer, older)
      else {
        this.leave(older)
        older.supersede()
      }
    }
  }

  leave(sitter: S): void {
    const key = keyOf(sitter.tenant, sitter.machineId)
    const seat = this.#seats.get(key)
    if (!seat?.live.delete(sitter)) return
    seat.probing.delete(sitter)
    if (seat.live.size === 0) this.#seats.delete(key)
    else this.#settle(seat)
  }

  /** False while it is not certain that this connection is the machine's only one, and when it is certain that it is not. */
  mayGetOrders(sitter: S): boolean {
    const seat = this.#seats.get(keyOf(sitter.tenant, sitter.machineId))
    return seat?.live.has(sitter) === true && isSettled(seat)
  }

  of(tenant: string, machineId: string): S[] {
    return [...(this.#seats.get(keyOf(tenant, machineId))?.live ?? [])]
  }

  #probe(seat: Seat<S>, newer: S, older: S): void {
    if (seat.held || seat.probing.has(older)) return
    seat.probing.add(older)
    older.probe(() => {
      if (!seat.probing.delete(older)) return
      seat.held = true
      this.#rules.onTwins(newer, older)
    })
    this.#rules.afterProbe(() => {
      if (!seat.probing.has(older)) return
      this.leave(older)
      older.terminate()
    })
  }

  #settle(seat: Seat<S>): void {
    const [sitter] = seat.live
    if (sitter && isSettled(seat)) this.#rules.onSettled(sitter)
  }
}

function isSettled<S>(seat: Seat<S>): boolean {
  return seat.live.size === 1 && seat.probing.size === 0 && !seat.held
}

function keyOf(tenant: string, machineId: string): string {
  return `${tenant}/${machineId}`
}
