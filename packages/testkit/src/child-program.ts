import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Our programs as they stand in the repository, run unbuilt. */
export const SOURCE_PROGRAMS: Programs = {
  folder: join(import.meta.dirname, '../../../programs'),
  ending: '.ts',
}

/** Where the programs `fleetsweep` and `fleetsweep-agent` are. */
export type Programs = {
  folder: string
  ending: '.ts' | '.mjs'
  /** A command that starts the program given after it in its own place, such as `nsenter` into another network. */
  through?: readonly string[]
  /** Starts the agent as an installed one is. */
  launcher?: string
}

const END_WITHIN_MS = 15_000

/** One of our programs, running as a process of its own. */
export type ChildProgram = {
  readonly pid: number
  /** Settles with the first line of its output that `read` makes something of. Rejects when the program ends before. */
  waitForLine<T>(read: (line: string) => T | undefined): Promise<T>
  /** Asks it to end and waits until it has. */
  end(): Promise<void>
  /** Ends it as a power cut would (kill -9), and waits until it is gone. */
  kill(): Promise<void>
}

/** Starts a program; its log goes to a file descriptor, its standard output to whoever waits for lines. */
export function startProgram(
  name: string,
  args: readonly string[],
  { log, programs = SOURCE_PROGRAMS }: { log: number; programs?: Programs },
): ChildProgram {
  const child = spawnProgram(name, args, programs, ['ignore', 'pipe', log])
  const { stdout, pid } = child
  if (!stdout || pid === undefined) throw new Error(`${name} did not start.`)
  const lines: string[] = []
  const listeners = new Set<(line: string) => void>()
  createInterface({ input: stdout }).on('line', (line) => {
    lines.push(line)
    for (const listener of listeners) listener(line)
  })
  const exited = exitOf(child)
  const endBy = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
    await exited
    clearTimeout(timer)
  }
  return {
    pid,
    waitForLine: (read) =>
      new Promise((resolve, reject) => {
        const listener = (line: string) => {
          const value = read(line)
          if (value === undefined) return
          listeners.delete(listener)
          resolve(value)
        }
        listeners.add(listener)
        for (const line of lines) listener(line)
        void exited.then((code) => reject(new Error(`${name} ended with ${code} before it was ready.`)))
      }),
    end: () => endBy('SIGTERM'),
    kill: () => endBy('SIGKILL'),
  }
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to standard output
 * @throws Error with what it said when it fails
 */
export async function runProgram(
  name: string,
  args: readonly string[],
  programs: Programs = SOURCE_PROGRAMS,
): Promise<string> {
  const child = spawnProgram(name, args, programs, ['ignore', 'pipe', 'pipe'])
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const code = await exitOf(child)
  if (code !== 0) throw new Error(`${name} ${args[0]} ended with ${code}: ${err || out}`)
  return out
}

function spawnProgram(
  name: string,
  args: readonly string[],
  { folder, ending, launcher, through = [] }: Programs,
  stdio: StdioOptions,
): ChildProcess {
  const program =
    launcher !== undefined && name === 'fleetsweep-agent'
      ? [launcher]
      : [process.execPath, join(folder, name + ending)]
  const [command = process.execPath, ...rest] = [...through, ...program]
  return spawn(command, [...rest, ...args], { cwd: folder, stdio })
}

function exitOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    // `close` comes when its output has been read to the end, too.
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'an unknown reason'))
    child.on('error', (error) => resolve(error.message))
  })
}
