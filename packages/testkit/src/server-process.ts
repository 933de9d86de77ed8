import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { MachineId } from '@fleetsweep/protocol'
import {
  createServer,
  type InitialisedServer,
  initServer,
  loadConfig,
  loadSealingKey,
  systemClock,
} from '@fleetsweep/server'
import { pino } from 'pino'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { sampleInventory } from './sample-inventory.ts'

const PROGRAM = join(import.meta.dirname, '../../../programs/fleetsweep.ts')
const HOUR_MS = 3_600_000
const readyLine = Compile(Type.Object({ ready: Type.Literal(true), url: Type.String(), pid: Type.Integer() }))

/** What a server of a test says beside its ready line are errors. */
export const serverEnv: NodeJS.ProcessEnv = { ...process.env, FLEETSWEEP_LOG_LEVEL: 'error' }

/** A data directory that `fleetsweep server` can start on. */
export type PreparedServer = InitialisedServer & {
  /** In the order of their keys. */
  machineIds: MachineId[]
}

/**
 * Sets up a standalone server on loopback without TLS, as `fleetsweep init` does, with machines that have enrolled.
 *
 * @param publicKeys one for each machine, as the agent would have made it
 * @param database address of a PostgreSQL database; a SQLite file of its own where absent
 */
export async function prepareServer(
  dataDir: string,
  publicKeys: readonly string[],
  database?: string,
): Promise<PreparedServer> {
  const parts = { env: {}, clock: systemClock, newId: randomUUID, randomBytes }
  const made = await initServer(
    {
      dataDir,
      hosts: [],
      tls: 'off',
      listen: '127.0.0.1:0',
      publicOrigins: [],
      trustedProxies: [],
      aliases: [],
      database,
      tenantDomain: 'contoso.example',
      applicationName: 'SOC automation',
    },
    parts,
  )
  const server = await createServer({
    config: loadConfig({}, { dataDir }),
    sealingKey: loadSealingKey(dataDir, {}),
    logger: pino({ level: 'silent' }),
  })
  const { enrollment } = server.stores.forTenant(made.tenant.id)
  const token = { tokenId: randomUUID(), secretHash: randomUUID() }
  const operator = { kind: 'operator', id: 'tests', name: 'Tests' } as const
  await enrollment.createToken({
    id: token.tokenId,
    secretHash: token.secretHash,
    description: 'Machines of a test',
    createdBy: operator.name,
    lifeMs: HOUR_MS,
    maxUses: publicKeys.length,
    tags: [],
    replaceMachine: null,
    audit: {
      id: randomUUID(),
      principal: operator,
      operation: 'enrollmentToken.create',
      target: token.tokenId,
      detail: {},
    },
  })
  const machineIds = await Promise.all(
    publicKeys.map(async (publicKey, n) => {
      const newMachineId = randomBytes(20).toString('hex') as MachineId
      await enrollment.enroll({
        ...token,
        publicKey,
        newMachineId,
        inventory: sampleInventory(`lab-${n}.example`),
        externalIp: '127.0.0.1',
        auditId: randomUUID(),
      })
      return newMachineId
    }),
  )
  await server.stop()
  return { ...made, machineIds }
}

/** A server as a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string
  readonly pid: number
  readonly #child: ChildProcess
  readonly #prepared: PreparedServer
  #token: string | undefined

  /** Starts the product's own program, or another that says when it is ready as that one does. */
  static async start(
    prepared: PreparedServer,
    program: readonly string[] = [PROGRAM, 'server'],
  ): Promise<ServerProcess> {
    const command = [...program, '--data', prepared.dataDir, '--json']
    const child = spawn(process.execPath, command, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: serverEnv,
    })
    return ServerProcess.of(child, prepared)
  }

  /** A server that somebody else starts; its standard output is read here. */
  static async of(child: ChildProcess, prepared: PreparedServer): Promise<ServerProcess> {
    if (child.stdout === null) throw new Error('A server was started whose output nobody can read.')
    for await (const line of createInterface(child.stdout)) {
      // The log comes the same way.
      const said: unknown = line.startsWith('{') ? JSON.parse(line) : undefined
      if (!readyLine.Check(said)) continue
      child.stdout.resume()
      return new ServerProcess(child, prepared, said)
    }
    throw new Error('The server ended before it was ready.')
  }

  private constructor(child: ChildProcess, prepared: PreparedServer, ready: { url: string; pid: number }) {
    this.#child = child
    this.#prepared = prepared
    this.url = ready.url
    this.pid = ready.pid
  }

  /** A token of the first application, asked for once. */
  async token(): Promise<string> {
    this.#token ??= await this.#askForToken()
    return this.#token
  }

  /** Calls as the first application, with a JSON body where there is one: `call('GET /api/machines')`. */
  async call(target: string, body?: object): Promise<Response> {
    const [method = 'GET', path = '/'] = target.split(' ')
    const headers = { authorization: `Bearer ${await this.token()}`, 'content-type': 'application/json' }
    return fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined
        ? { headers: { authorization: headers.authorization } }
        : { headers, body: JSON.stringify(body) }),
    })
  }

  /** Ends it as kill -9 does. */
  async kill(): Promise<void> {
    if (this.#isOver()) return
    const exited = once(this.#child, 'exit')
    process.kill(this.pid, 'SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async #askForToken(): Promise<string> {
    const { tenant, application } = this.#prepared
    const answer = await fetch(`${this.url}/${tenant.id}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: application.id,
        client_secret: application.secret,
        scope: 'https://api.securitycenter.microsoft.com/.default',
      }),
    })
    return tokenAnswer.Parse(await answer.json()).access_token
  }
}

const tokenAnswer = Compile(Type.Object({ access_token: Type.String() }))
