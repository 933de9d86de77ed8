import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../../programs/fleetsweep.ts', import.meta.url))

export type Ran = { code: number | null; out: string; err: string }

/** Runs a command of the program to its end. */
export async function fleetsweep(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = start(args, env)
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return { code, out, err }
}

/** A server in a process of its own, which ends with this object. */
export class ServerProcess implements AsyncDisposable {
  readonly child: ReturnType<typeof start>
  readonly exited: Promise<number | null>
  port = 0
  origins: string[] = []

  static async start(dataDir: string, env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
    const server = new ServerProcess(start(['server', '--data', dataDir, '--port', '0', '--json'], env))
    const said = text(server.child.stderr)
    for await (const line of createInterface(server.child.stdout)) {
      const ready = JSON.parse(line) as { ready: boolean; port: number; origins: string[] }
      server.port = ready.port
      server.origins = ready.origins
      return server
    }
    throw new Error(`The server did not start:\n${await said}`)
  }

  private constructor(child: ReturnType<typeof start>) {
    this.child = child
    this.exited = once(child, 'exit').then(([code]) => code)
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    return this.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.exited
  }
}

function start(args: readonly string[], env: NodeJS.ProcessEnv) {
  // Settings of ours that this process has are not the program's; everything else may be needed to run Node at all.
  const usual = Object.entries(process.env).filter(([name]) => !name.startsWith('FLEETSWEEP_'))
  return spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...Object.fromEntries(usual), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  }) satisfies ChildProcess
}

export type WireAnswer = { status: number; body: string }

/** One request on a connection of its own, trusting only what is given. */
export async function wire(
  target: string,
  options: { ca?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<WireAnswer> {
  const [method, url] = target.split(' ')
  if (url === undefined) throw new Error(`"${target}" is not a verb and an address.`)
  const request = url.startsWith('https:') ? tlsRequest : plainRequest
  const { ca, headers, body } = options
  const sent = request(url, { method, ca, headers, agent: false }).end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}
