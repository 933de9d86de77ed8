import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock } from '@fleetsweep/protocol'

/** More than any of these programs writes; of what is longer, the end is kept. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

export type Program = { command: string; args: readonly string[]; env?: NodeJS.ProcessEnv }

/** How a program ended: with an exit code, or `missing` where there is none at its path, or `killed`. */
export type ProgramEnd =
  | { kind: 'exited'; code: number; output: Buffer; errors: Buffer }
  | { kind: 'missing' }
  | { kind: 'killed' }

/** Starts a program without a shell and without a window. `ended` never rejects. */
export function startProgram({ command, args, env }: Program): {
  pid: number | undefined
  ended: Promise<ProgramEnd>
  kill: () => void
} {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    ...(env && { env }),
  })
  return { pid: child.pid, ended: endOf(child), kill: () => void child.kill('SIGKILL') }
}

/** Runs a program that answers at once or not at all; one that does not in time is ended. */
export async function runProgram(
  program: Program,
  limits: { timeoutMs: number; clock: Clock },
): Promise<ProgramEnd> {
  const { ended, kill } = startProgram(program)
  const timer = limits.clock.setTimer(limits.timeoutMs, kill)
  const end = await ended
  timer.cancel()
  return end
}

function endOf(child: ChildProcess): Promise<ProgramEnd> {
  const output = keepEnd(child.stdout)
  const errors = keepEnd(child.stderr)
  return new Promise((resolve) => {
    child.once('error', () => {
      if (child.pid === undefined) resolve({ kind: 'missing' })
    })
    child.once('close', (code) =>
      resolve(
        code === null ? { kind: 'killed' } : { kind: 'exited', code, output: output(), errors: errors() },
      ),
    )
  })
}

function keepEnd(stream: ChildProcess['stdout']): () => Buffer {
  let kept: Buffer[] = []
  let bytes = 0
  stream?.on('data', (chunk: Buffer) => {
    kept.push(chunk)
    bytes += chunk.length
    if (bytes <= 2 * MAX_OUTPUT_BYTES) return
    kept = [Buffer.concat(kept).subarray(-MAX_OUTPUT_BYTES)]
    bytes = MAX_OUTPUT_BYTES
  })
  return () => Buffer.concat(kept).subarray(-MAX_OUTPUT_BYTES)
}
