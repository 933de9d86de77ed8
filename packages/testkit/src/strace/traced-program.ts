import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tool } from '../tools.ts'
import { TRACED_CALLS } from './synced-files.ts'
import { parseStrace, STRACE_FORMAT, type SystemCall } from './system-call.ts'

/** A program whose system calls are written down. */
export type TracedProgram = AsyncDisposable & {
  /** Of strace; its output and input are the program's. */
  readonly process: ChildProcess
  /** Ends the program as kill -9 does and tells what it did. */
  kill(): Promise<SystemCall[]>
}

/** Starts a program under strace. */
export function startTraced(
  command: readonly string[],
  options: { env?: NodeJS.ProcessEnv; stderr?: 'inherit' | 'ignore' } = {},
): TracedProgram {
  const strace = tool('strace')
  const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-strace-'))
  const output = join(folder, 'calls')
  const child = spawn(
    strace.path,
    [...STRACE_FORMAT, '--seccomp-bpf', '-e', `trace=${TRACED_CALLS}`, '-o', output, ...command],
    {
      env: { ...(options.env ?? process.env), ...strace.env },
      stdio: ['ignore', 'pipe', options.stderr ?? 'inherit'],
    },
  )
  const exited = once(child, 'exit')
  // Killing strace alone would let the program run on; the first to call anything is its first thread.
  const killProgram = () => {
    const [, pid] = /^(\d+) /.exec(readFileSync(output, 'utf8')) ?? []
    const isOver = child.exitCode !== null || child.signalCode !== null
    if (pid !== undefined && !isOver) process.kill(Number(pid), 'SIGKILL')
  }
  return {
    process: child,
    async kill() {
      killProgram()
      await exited
      return parseStrace(readFileSync(output, 'utf8'))
    },
    async [Symbol.asyncDispose]() {
      killProgram()
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
