import { join } from 'node:path'

/** Longest path of a Unix socket in bytes that both Linux and macOS take, without the closing zero. */
export const MAX_SOCKET_PATH_BYTES = 103

/** Where the agent of a state folder listens to programs of its own machine. */
export function controlSocketPath(stateDir: string): string {
  return join(stateDir, 'control.sock')
}
