import { randomUUID } from 'node:crypto'
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from '../os/durable-file.ts'

/** Longest path of a Unix socket in bytes that both Linux and macOS take, without the closing zero. */
export const MAX_SOCKET_PATH_BYTES = 103

/**
 * Where the agent of a state folder listens to programs of its own machine.
 *
 * @throws Error `ENOENT` on Windows, while no agent has run there
 */
export function controlSocketPath(stateDir: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return readFileSync(pipeNameFile(stateDir), 'utf8').trim()
  return join(stateDir, 'control.sock')
}

/**
 * Makes room for the agent to listen, and says where. On Windows any user can make a pipe under any name, and whoever
 * makes it first has it: so the name is one that nobody can guess, and stands in the state folder.
 *
 * @param stateDir locked by the caller: a socket that is there is a dead agent's
 */
export function claimControlSocket(stateDir: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') {
    const pipe = `\\\\.\\pipe\\fleetsweep-agent-${randomUUID()}`
    writeDurably(pipeNameFile(stateDir), pipe)
    return pipe
  }
  const path = controlSocketPath(stateDir, platform)
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) throw new Error('its path is too long')
  rmSync(path, { force: true })
  return path
}

/** Keeps others from a socket that is being listened on. Of a pipe of Windows they can read alone, which asks nothing. */
export function guardControlSocket(path: string): void {
  if (!path.startsWith('\\\\')) chmodSync(path, 0o600)
}

function pipeNameFile(stateDir: string): string {
  return join(stateDir, 'control.pipe')
}
