import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../os/process-identity.ts'

/**
 * Runs the program and ends it when standard input closes, which it does when the agent dies, however it dies.
 *
 * The shell collects the program only after that, so for as long as we hold the other end its process number cannot
 * come to mean another process. (PR_SET_PDEATHSIG would do without the shell, but is lost when clamd changes its user,
 * and exists on Linux alone.)
 */
const SUPERVISOR = `
stage=$1
temporary=$2
shift 2
"$@" </dev/null 3>&- &
program=$!
echo "$program" >&3
exec 3>&- >/dev/null 2>&1
read -r _
kill -9 "$program"
wait "$program"
[ -z "$stage" ] || rm -rf -- "$stage"
[ -z "$temporary" ] || rm -rf -- "$temporary"
`

const KEPT_LINES = 20

/** A program that never outlives the agent. */
export class SupervisedProcess {
  readonly pid: number
  /** Settles when the program is gone. */
  readonly exited: Promise<void>
  readonly #supervisor: ChildProcess
  readonly #lastLines: string[]

  private constructor(pid: number, supervisor: ChildProcess, exited: Promise<void>, lastLines: string[]) {
    this.pid = pid
    this.exited = exited
    this.#supervisor = supervisor
    this.#lastLines = lastLines
  }

  static async start(program: {
    command: string
    args: readonly string[]
    env: NodeJS.ProcessEnv
    /** Two at most; removed when the program has ended, also when the agent is no more. */
    temporaryFolders?: readonly string[]
    /** Gets each line that it writes. */
    onLine?: (line: string) => void
  }): Promise<SupervisedProcess> {
    const { command, args, env, onLine } = program
    const [first = '', second = ''] = program.temporaryFolders ?? []
    // A session of its own: a Ctrl-C at the terminal is for the agent, which ends its engine itself.
    const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, 'sh', first, second, command, ...args], {
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    })
    const supervisorEnded = new Promise<void>((resolve, reject) => {
      supervisor.once('error', reject)
      supervisor.once('exit', () => resolve())
    })
    supervisorEnded.catch(() => {})
    supervisor.stdin.on('error', () => {})
    const lastLines: string[] = []
    const silent = [supervisor.stdout, supervisor.stderr].map((stream) =>
      keepLines(stream, lastLines, onLine),
    )
    const pid = await Promise.race([readPid(supervisor), supervisorEnded.then(() => undefined)])
    if (pid === undefined) throw new Error('the process supervisor ended at once')
    const identity = identifyProcess(pid)
    // The program holds both streams open until it ends.
    void Promise.all(silent).then(() => supervisor.stdin.end())
    const exited = supervisorEnded.then(() => identity && endOrphan(identity))
    return new SupervisedProcess(pid, supervisor, exited, lastLines)
  }

  /** What it last wrote. */
  get lastOutput(): string {
    return this.#lastLines.join('\n')
  }

  /** Stops the program where it is, or lets it go on; one that has ended is left alone. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    // Until the supervisor is gone, the number means this program and no other.
    if (this.#supervisor.exitCode !== null || this.#supervisor.signalCode !== null) return
    try {
      process.kill(this.pid, name)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }

  /** Ends the program at once; settles when it is gone. */
  async kill(): Promise<void> {
    this.#supervisor.stdin?.end()
    await this.exited
  }
}

/**
 * Ends a process that lost its supervisor, if it is still the same one; settles when it is gone.
 */
export async function endOrphan(identity: ProcessIdentity): Promise<void> {
  while (isSameProcess(identity, identifyProcess(identity.pid))) {
    try {
      process.kill(identity.pid, 'SIGKILL')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function readPid(supervisor: ChildProcess): Promise<number | undefined> {
  let text = ''
  for await (const chunk of supervisor.stdio[3] as Readable) text += String(chunk)
  return /^\d+\n$/.test(text) ? Number(text) : undefined
}

/** Settles when the stream has ended. */
function keepLines(stream: Readable, lines: string[], onLine?: (line: string) => void): Promise<void> {
  let partial = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const parts = (partial + text).slice(-10_000).split('\n')
    partial = parts.pop() ?? ''
    if (onLine) parts.forEach(onLine)
    lines.push(...parts)
    lines.splice(0, lines.length - KEPT_LINES)
  })
  return new Promise((resolve) => stream.once('close', resolve))
}
