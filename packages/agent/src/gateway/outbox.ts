import type { AgentFrame } from '@fleetsweep/protocol'
import type { Journal } from '../journal/journal.ts'

/** Events on their way without an acknowledgement, by the protocol. */
export const MAX_IN_FLIGHT = 32

type Sent = { actionId: string; heartbeat: number }

/** Tells the server what the journal holds, over one connection, in order and never too much at once. */
export class Outbox {
  readonly #journal: Journal
  readonly #send: (frame: AgentFrame) => void
  /** By action and number; what was sent on this connection and not acknowledged. */
  readonly #sent = new Map<string, Sent>()
  #isOpen = false

  constructor(journal: Journal, send: (frame: AgentFrame) => void) {
    this.#journal = journal
    this.#send = send
  }

  /** Sends what is not on its way yet. Before the server has said what it holds, nothing. */
  pump(heartbeat: number): void {
    if (!this.#isOpen) return
    for (const { actionId, number, event } of this.#journal.untold(MAX_IN_FLIGHT)) {
      const key = keyOf(actionId, number)
      if (this.#sent.has(key)) continue
      this.#sent.set(key, { actionId, heartbeat })
      this.#send({ type: 'event', actionId, number, event })
    }
  }

  /** The server has answered a heartbeat: events of its actions from before that, and still untold, were lost. */
  reconciled(actionIds: ReadonlySet<string>, heartbeat: number): void {
    this.#isOpen = true
    for (const [key, sent] of this.#sent) {
      if (actionIds.has(sent.actionId) && sent.heartbeat < heartbeat) this.#sent.delete(key)
    }
  }

  acked(actionId: string, number: number): void {
    this.#sent.delete(keyOf(actionId, number))
  }

  /** Sends everything that is untold of an action once more. */
  repeat(actionId: string): void {
    for (const [key, sent] of this.#sent) {
      if (sent.actionId === actionId) this.#sent.delete(key)
    }
  }
}

function keyOf(actionId: string, number: number): string {
  return `${actionId}/${number}`
}
