import { connect } from 'node:net'
import { parseJson } from '../os/parse-json.ts'
import { isStateLocked } from '../os/state-lock.ts'
import { ControlRefusal } from './control-command.ts'
import { controlAnswer } from './control-message.ts'
import { controlSocketPath } from './control-socket.ts'
import { readLines } from './read-lines.ts'

/** How to ask the running agent. */
export type Question = {
  stateDir: string
  command: string
  args: unknown
  onNews?: (value: unknown) => void
  /** Hangs up when aborted, which the agent takes as "no longer wanted". */
  signal?: AbortSignal
}

/**
 * Asks the agent that runs on a state folder.
 *
 * @returns its answer, for the caller to check
 * @throws ControlRefusal with a sentence when no agent runs there, when it says no, and when it ends meanwhile
 */
export async function askAgent({ stateDir, command, args, onNews, signal }: Question): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const socket = connect({ path: socketPath(stateDir), ...(signal && { signal }) })
  socket.on('connect', () => socket.write(`${JSON.stringify({ command, args })}\n`))
  socket.on('error', (cause) => reject(unreachable(stateDir, cause)))
  socket.on('close', () => reject(new ControlRefusal('The agent ended before it had answered.')))
  readLines(socket, (line) => {
    const answer = parseJson(line)
    if (!controlAnswer.Check(answer)) return void socket.destroy()
    if (answer.kind === 'news') onNews?.(answer.value)
    else if (answer.kind === 'done') resolve(answer.value)
    else reject(new ControlRefusal(answer.message))
  })
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}

function socketPath(stateDir: string): string {
  try {
    return controlSocketPath(stateDir)
  } catch (cause) {
    throw cause instanceof Error ? unreachable(stateDir, cause) : cause
  }
}

function unreachable(stateDir: string, cause: Error): ControlRefusal {
  const code = 'code' in cause ? cause.code : undefined
  if (code === 'EACCES' || code === 'EPERM') {
    return new ControlRefusal(`${stateDir} is not yours to use. Ask as the user who runs the agent.`, {
      cause,
    })
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    if (isStateLocked(stateDir)) {
      return new ControlRefusal('The agent is just starting or ending. Ask again in a moment.', { cause })
    }
    return new ControlRefusal(`No agent is running on ${stateDir}. Start it with: fleetsweep-agent run`, {
      cause,
    })
  }
  return new ControlRefusal(`The agent cannot be asked: ${cause.message}`, { cause })
}
