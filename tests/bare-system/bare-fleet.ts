import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LiveFleet, type Programs, runProgram } from '@fleetsweep/testkit'
import type { BareNetwork } from './bare-network.ts'

const DIST = join(import.meta.dirname, '../../dist')
const SERVED = ['fleetsweep.mjs', 'agent']

/** The built server, alone in a network, with a certificate authority of its own; asked on the command line. */
export class BareFleet implements AsyncDisposable {
  readonly url: string
  readonly #folder: string
  readonly #fleet: LiveFleet
  readonly #programs: Programs

  private constructor(parts: { url: string; folder: string; fleet: LiveFleet; programs: Programs }) {
    this.url = parts.url
    this.#folder = parts.folder
    this.#fleet = parts.fleet
    this.#programs = parts.programs
  }

  static async start(network: BareNetwork): Promise<BareFleet> {
    const folder = mkdtempSync(join(tmpdir(), 'fleetsweep-bare-fleet-'))
    const programs: Programs = { folder: join(folder, 'programs'), ending: '.mjs', through: network.through }
    for (const name of SERVED) cpSync(join(DIST, name), join(programs.folder, name), { recursive: true })
    const fleet = await LiveFleet.start({
      listen: '0.0.0.0:8443',
      tls: { hosts: [network.serverAddress] },
      programs,
    })
    writeFileSync(join(folder, 'secret'), fleet.credentials.clientSecret, { mode: 0o600 })
    return new BareFleet({ url: `https://${network.serverAddress}:8443`, folder, fleet, programs })
  }

  /** What the server serves as the agent: files that a test may change. */
  get agentFolder(): string {
    return join(this.#programs.folder, 'agent')
  }

  /** Runs `fleetsweep` as the operator does. @returns what it printed */
  async run(...words: string[]): Promise<string> {
    const { tenant, clientId } = this.#fleet.credentials
    const [verb = '', ...rest] = words
    const secret = ['--client-id', clientId, '--client-secret-file', join(this.#folder, 'secret')]
    const server = ['--url', this.url, '--tenant', tenant, '--ca', this.#fleet.caFile ?? '']
    return runProgram('fleetsweep', [verb, ...rest, ...server, ...secret], this.#programs)
  }

  /** What `tokens create --command` prints, to be pasted. */
  async command(...options: string[]): Promise<string> {
    return (await this.run('tokens', 'create', '--command', ...options)).trimEnd()
  }

  logTail(): string {
    return this.#fleet.logTail()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fleet[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
