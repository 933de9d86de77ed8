/**
 * One connection of an agent, whatever carries it: the gateway knows sockets only by this, so that a denser layer can
 * take the place of the present one.
 */
export interface AgentSocket {
  /** Where the connection came from, as far as trusted proxies say. */
  readonly remoteAddress: string | null

  /** Sets who hears of it; called once, right after the socket was accepted. */
  listen(listener: AgentSocketListener): void

  /** Sends a frame. On a socket that is closing it is lost; one that does not read in time is ended. */
  send(text: string): void

  /** Says goodbye with a code of `CLOSE`; nothing is heard from it any more. */
  close(code: number, reason: string): void

  /** Ends it without a word, for an other end that is gone. */
  terminate(): void

  /** Asks the other end for a sign of life and calls `onAlive` when exactly that question was answered. */
  probe(onAlive: () => void): void
}

export type AgentSocketListener = {
  onText(text: string): void
  /** A WebSocket ping: answered already, but no free ride past the limits. */
  onPing(): void
  /** Called once, however it ended. */
  onClose(): void
}

/** Takes a socket that speaks the right subprotocol. */
export type OnAgentSocket = (socket: AgentSocket) => void
