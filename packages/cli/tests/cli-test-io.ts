import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientRuntime, platformRuntime } from '@fleetsweep/client'
import type { FakeServer } from '@fleetsweep/testkit'
import { type CliIo, runCli } from '../src/index.ts'

/** A terminal that remembers, in front of a real network. */
export class CliTestIo implements CliIo {
  stdout = ''
  stderr = ''
  isTerminal = false
  columns = 120
  /** Where a sign-in would be kept: a folder that is not there yet, and not the person's own. */
  readonly configFolder = join(tmpdir(), `fleetsweep-cli-${randomUUID()}`)
  env: Record<string, string> = { XDG_CONFIG_HOME: this.configFolder }
  runtime: ClientRuntime = platformRuntime()
  /** How far the wall clock is ahead. */
  aheadMs = 0
  files: Record<string, string> = {}
  trusted: string[] = []
  readonly abort = new AbortController()
  readonly signal = this.abort.signal

  constructor(server?: FakeServer) {
    if (!server) return
    this.env = {
      ...this.env,
      FLEETSWEEP_URL: server.baseUrl,
      FLEETSWEEP_TENANT: server.tenant,
      FLEETSWEEP_CLIENT_ID: server.clientId,
      FLEETSWEEP_CLIENT_SECRET: server.clientSecret,
    }
  }

  nowMs(): number {
    return Date.now() + this.aheadMs
  }

  out(text: string): void {
    this.stdout += text
  }

  err(text: string): void {
    this.stderr += text
  }

  async readFile(path: string): Promise<string> {
    const text = this.files[path]
    if (text === undefined) throw new Error('no such file')
    return text
  }

  trust(pem: string): void {
    this.trusted.push(pem)
  }

  run(line: string): Promise<number> {
    return runCli(
      line.split(' ').filter((word) => word !== ''),
      this,
    )
  }

  /** What a program reads. */
  json(): unknown {
    return JSON.parse(this.stdout)
  }
}
