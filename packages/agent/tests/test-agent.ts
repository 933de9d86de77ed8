import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@fleetsweep/protocol'
import { type FakeGateway, FakeScanRunner, fakeHost, sampleInventoryEngine } from '@fleetsweep/testkit'
import type { ProgramIo, ProgramParts } from '../src/commands/program.ts'
import type { Engine } from '../src/engines/engine.ts'
import { runAgentProgram } from '../src/main.ts'
import type { Host } from '../src/os/host.ts'
import { systemClock } from '../src/os/system-clock.ts'

/** An engine that is there; nothing opens it, because the scan is a fake. */
export const idleEngine: Engine = {
  inspect: async () => sampleInventoryEngine,
  open: () => Promise.reject(new Error('A fake scan opens no engine.')),
  [Symbol.asyncDispose]: async () => {},
}

export type TestAgentOptions = {
  scans?: FakeScanRunner
  host?: Host
  clock?: Clock
  stateDir?: string
  random?: () => number
  /** In place of an idle engine with a fake scan. */
  scanning?: ProgramParts['scanning']
}

/** A command that goes on. */
export type BegunCommand = {
  readonly stdout: string
  readonly stderr: string
  readonly exit: Promise<number>
  /** As Ctrl-C does. */
  stop: () => void
}

/** The whole agent program in this process, on a machine of its own with a fake scan. */
export class TestAgent implements AsyncDisposable {
  readonly stateDir: string
  readonly scans: FakeScanRunner
  readonly host: Host
  readonly parts: ProgramParts
  stdout = ''
  stderr = ''
  #running: { stop: AbortController; exit: Promise<number> } | undefined

  constructor(options: TestAgentOptions = {}) {
    const { host = fakeHost(), clock = systemClock, random = Math.random } = options
    this.host = host
    this.stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'fleetsweep-agent-'))
    this.scans = options.scans ?? new FakeScanRunner()
    this.parts = {
      host: () => host,
      scanning:
        options.scanning ??
        (() => ({
          engine: idleEngine,
          runScan: this.scans.runScan,
          endLeftovers: async () => 'processGone',
        })),
      clock,
      random,
    }
  }

  /** Runs a command to its end; `stdout` is what this one wrote. */
  async command(...argv: string[]): Promise<number> {
    this.stdout = ''
    return await this.#program([...argv, '--state', this.stateDir], this.#ownIo(new AbortController().signal))
  }

  /** Begins a command beside others, and keeps what it writes apart. */
  begin(...argv: string[]): BegunCommand {
    const stop = new AbortController()
    const written = { stdout: '', stderr: '' }
    const io = {
      stdout: (text: string) => {
        written.stdout += text
      },
      stderr: (text: string) => {
        written.stderr += text
      },
      stop: stop.signal,
    }
    const exit = this.#program([...argv, '--state', this.stateDir], io)
    return Object.assign(written, { exit, stop: () => stop.abort() })
  }

  async enroll(gateway: FakeGateway): Promise<void> {
    const exit = await this.command('enroll', '--server', gateway.origin, '--token', gateway.token())
    if (exit !== 0) throw new Error(this.stderr)
  }

  /** Starts `run`; it goes on until `stop`. */
  start(...argv: string[]): void {
    const stop = new AbortController()
    this.#running = {
      stop,
      exit: this.#program(['run', '--state', this.stateDir, ...argv], this.#ownIo(stop.signal)),
    }
  }

  /** Asks `run` to end, as SIGTERM does. */
  async stop(): Promise<number | undefined> {
    this.#running?.stop.abort()
    return await this.#running?.exit
  }

  /** Resolves with the exit code when `run` ends by itself. */
  async ended(): Promise<number | undefined> {
    return await this.#running?.exit
  }

  /** What was logged, parsed. */
  get log(): { level: number; msg: string; [field: string]: unknown }[] {
    return this.stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.stateDir, { recursive: true, force: true })
  }

  #ownIo(stop: AbortSignal): ProgramIo {
    return {
      stdout: (text) => {
        this.stdout += text
      },
      stderr: (text) => {
        this.stderr += text
      },
      stop,
    }
  }

  #program(argv: string[], io: ProgramIo): Promise<number> {
    return runAgentProgram(argv, { XDG_CONFIG_HOME: join(this.stateDir, 'no-config') }, io, this.parts)
  }
}
