import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { clientCredentials, FleetsweepClient } from '@fleetsweep/client'
import { PERMISSIONS } from '@fleetsweep/protocol'
import { freePort, LiveFleet, until } from '@fleetsweep/testkit'
import { readStatusFile } from '../../packages/agent/src/status/status-file.ts'
import { installPrograms } from './installed-agent.ts'

/** A server with TLS and an agent started as an installed one is, both from their bundles, and a client of the server. */
export class LiveMachine implements AsyncDisposable {
  readonly fleet: LiveFleet
  readonly client: FleetsweepClient
  readonly machineId: string

  private constructor(fleet: LiveFleet, client: FleetsweepClient, machineId: string) {
    this.fleet = fleet
    this.client = client
    this.machineId = machineId
  }

  /** @param lines of `[scan]` and `[engine]` in the agent's configuration */
  static async start(folder: string, lines: { scan: string; engine?: string }): Promise<LiveMachine> {
    const programs = installPrograms(join(folder, 'programs'))
    const listen = `127.0.0.1:${await freePort()}`
    const fleet = await LiveFleet.start({ listen, programs, tls: { aliases: [] } })
    try {
      setDefaultCACertificates([...getCACertificates(), readFileSync(fleet.caFile ?? '', 'utf8')])
      await allowAll(fleet)
      // A token says what its bearer might do when it was given: this client has its own.
      const client = clientOf(fleet)
      const { token } = await client.createEnrollmentToken({})
      await fleet.startAgent(token, lines.scan, lines.engine)
      const [machine] = await Array.fromAsync(client.listMachines())
      if (machine === undefined) throw new Error('No machine has enrolled.')
      return new LiveMachine(fleet, client, machine.id)
    } catch (error) {
      await fleet[Symbol.asyncDispose]()
      throw error
    }
  }

  get agentPid(): number {
    const { agentPid } = this.fleet
    if (agentPid === undefined) throw new Error('The agent does not run.')
    return agentPid
  }

  async untilConnected(): Promise<void> {
    const state = () => readStatusFile(this.fleet.agentState)?.connection.state
    await until(() => state() === 'connected', 'the agent connected')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]()
  }
}

/** Lets the application look often, and ask for custom scans. */
async function allowAll(fleet: LiveFleet): Promise<void> {
  const { clientId } = fleet.credentials
  const { applications } = clientOf(fleet)
  await applications.setLimits(clientId, { perMinute: 100_000, perHour: 1_000_000 })
  await applications.change(clientId, { permissions: [...PERMISSIONS] })
}

function clientOf(fleet: LiveFleet): FleetsweepClient {
  return new FleetsweepClient({ baseUrl: fleet.url, tokens: clientCredentials(fleet.credentials) })
}
