/** What nodes tell each other. Every message is only a hint: ids of rows to look at, never the truth itself. */
export type Hint =
  /** Rows of `machine_action` (or their scans), or of `machine_task`, were created or moved. */
  | { topic: 'machineActions'; tenant: string; ids: readonly string[] }
  /** The server owes these machines an order. */
  | { topic: 'wake'; tenant: string; machineIds: readonly string[] }
  /** These machines were given another key: whoever is connected with the old one is nobody now. */
  | { topic: 'machineKeys'; tenant: string; machineIds: readonly string[] }
  /** How far a scan is, as JSON of `ScanProgress`; a lost one is made good by the next. */
  | { topic: 'scanProgress'; tenant: string; machineId: string; actionId: string; progress: unknown }
  /** Who may do what has changed: whoever keeps an answer to that asks anew. */
  | { topic: 'securityEpoch'; tenant: string }
  /** Something waits to be sent to a webhook, beside what `machineActions` tells of. */
  | { topic: 'webhooks'; tenant: string }

/** Carries hints to every node, this one included. May lose them: reconciliation repairs what a lost one leaves. */
export interface Bus {
  publish(hint: Hint): void
  /** @returns ends the subscription */
  subscribe(listener: (hint: Hint) => void): () => void
}

/** The bus of a server that is alone. Listeners run after the publisher's turn, so they cannot delay its answer. */
export function inProcessBus(): Bus {
  const listeners = new Set<(hint: Hint) => void>()
  return {
    publish(hint) {
      setImmediate(() => {
        for (const listener of listeners) listener(hint)
      })
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
