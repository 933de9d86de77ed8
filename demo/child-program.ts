import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const programs = join(import.meta.dirname, '..', 'programs')
const END_WITHIN_MS = 15_000

/** One of our programs, running as a process of its own. */
export type ChildProgram = {
  /** Settles with the first line of its output that `read` makes something of. Rejects when the program ends before. */
  waitForLine<T>(read: (line: string) => T | undefined): Promise<T>
  /** Asks it to end and waits until it has. */
  end(): Promise<void>
}

/** Starts `programs/<name>.ts`; its log goes to a file descriptor, its standard output to whoever waits for lines. */
export function startProgram(name: string, args: readonly string[], logDescriptor: number): ChildProgram {
  const child = spawn(process.execPath, [join(programs, `${name}.ts`), ...args], {
    stdio: ['ignore', 'pipe', logDescriptor],
  })
  if (!child.stdout) throw new Error(`${name} has no output to read.`)
  const lines: string[] = []
  const listeners = new Set<(line: string) => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const listener of listeners) listener(line)
  })
  const exited = exitOf(child)
  return {
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
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
      await exited
      clearTimeout(timer)
    },
  }
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to standard output
 * @throws Error with what it said when it fails
 */
export async function runProgram(name: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(programs, `${name}.ts`), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const code = await exitOf(child)
  if (code !== 0) throw new Error(`${name} ${args[0]} ended with ${code}: ${err || out}`)
  return out
}

function exitOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    // `close` comes when its output has been read to the end, too.
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'an unknown reason'))
    child.on('error', (error) => resolve(error.message))
  })
}
