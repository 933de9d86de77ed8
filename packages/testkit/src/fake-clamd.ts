import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One command that clamd was sent in a session. */
export type ClamdCommand = {
  /** As clamd counts them: from 1 in each session. */
  id: number
  name: 'FILDES' | 'PING' | 'STATS' | 'VERSION'
  /** Counts sessions from 1. */
  session: number
  /** Sends bytes exactly as they are. */
  say: (bytes: string | Buffer) => void
  /** Answers as clamd does, framed and numbered. */
  answer: (text: string) => void
  hangUp: () => void
}

export type FakeClamdScript = (command: ClamdCommand) => void

/** What a clamd that finds nothing answers. */
export const answerClean: FakeClamdScript = ({ name, answer }) => {
  if (name === 'FILDES') answer('fd[10]: OK')
  else if (name === 'PING') answer('PONG')
  else if (name === 'VERSION') answer('ClamAV 1.4.6')
  else answer('POOLS: 1\n\nSTATE: VALID PRIMARY\nQUEUE: 0 items\n\tSTATS 0.000003 \n\nEND')
}

/** Speaks clamd's protocol over a Unix socket, and lies as its script says. Files that are passed are not looked at. */
export class FakeClamd {
  readonly socketPath: string
  /** Every command of every session, in order. */
  readonly heard: { session: number; name: string }[] = []
  script: FakeClamdScript
  readonly #folder: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #sessions = 0

  private constructor(folder: string, script: FakeClamdScript) {
    this.#folder = folder
    this.socketPath = join(folder, 'clamd.sock')
    this.script = script
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(script: FakeClamdScript = answerClean): Promise<FakeClamd> {
    const fake = new FakeClamd(await mkdtemp(join(tmpdir(), 'fake-clamd-')), script)
    await new Promise<void>((resolve) => fake.#server.listen(fake.socketPath, resolve))
    return fake
  }

  /** Hangs up on everybody, as a clamd that dies. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    let session: number | undefined
    let id = 0
    let pending = ''
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      for (let end = pending.indexOf('\0'); end !== -1; end = pending.indexOf('\0')) {
        const name = pending.slice(1, end)
        // FILDES is followed by the byte that carries the descriptor.
        pending = pending.slice(name === 'FILDES' ? end + 2 : end + 1)
        if (name === 'IDSESSION') {
          session = ++this.#sessions
          continue
        }
        if (name !== 'FILDES' && name !== 'PING' && name !== 'STATS' && name !== 'VERSION') continue
        const command = ++id
        this.heard.push({ session: session ?? 0, name })
        this.script({
          id: command,
          name,
          session: session ?? 0,
          say: (bytes) => socket.write(bytes),
          answer: (text) => socket.write(session === undefined ? `${text}\0` : `${command}: ${text}\0`),
          hangUp: () => socket.destroy(),
        })
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.#folder, { recursive: true, force: true })
  }
}
