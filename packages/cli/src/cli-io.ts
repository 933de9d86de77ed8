import { readFile } from 'node:fs/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type ClientRuntime, platformRuntime } from '@fleetsweep/client'

/** Everything of the outside world that a command touches. */
export type CliIo = {
  /** Results: what a program would read. */
  out(text: string): void
  /** Talk: progress, warnings, errors. */
  err(text: string): void
  /** True when `err` goes to a screen whose lines can be written again. */
  isTerminal: boolean
  /** Characters in a line of that screen. */
  columns: number
  env: Readonly<Record<string, string | undefined>>
  runtime: ClientRuntime
  /** The wall clock, in milliseconds since the epoch. */
  nowMs(): number
  readFile(path: string): Promise<string>
  /** Trusts further certificate authorities (PEM) for every connection from now on. */
  trust(pem: string): void
  /** Aborted when the person presses Ctrl-C. */
  signal: AbortSignal
}

/** The real terminal, environment and network of this process. */
export function nodeIo(signal: AbortSignal): CliIo {
  const { stdout, stderr } = process
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    isTerminal: stderr.isTTY === true,
    columns: stderr.columns ?? 100,
    env: process.env,
    runtime: platformRuntime(),
    nowMs: () => Date.now(),
    readFile: (path) => readFile(path, 'utf8'),
    // For the whole process: Node's fetch takes no certificates of its own.
    trust: (pem) => setDefaultCACertificates([...getCACertificates('default'), pem]),
    signal,
  }
}
