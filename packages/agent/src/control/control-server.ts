import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../os/logger.ts'
import { parseJson } from '../os/parse-json.ts'
import { type ControlCommands, ControlRefusal } from './control-command.ts'
import { type ControlAnswer, controlRequest, MAX_CONTROL_LINE } from './control-message.ts'
import { claimControlSocket, guardControlSocket } from './control-socket.ts'
import { readLines } from './read-lines.ts'

/** Programs that may ask at a time. */
const MAX_ASKERS = 16

/** How long a program that has connected may take to say what it wants. */
const ASK_WITHIN_MS = 10_000

/** Bytes that an asker may leave unread before its news are dropped. */
const MAX_UNREAD_BYTES = 1024 * 1024

/**
 * Answers programs on this machine over a Unix socket in the state folder, or a named pipe of Windows.
 *
 * The folder is its owner's alone and so is the socket: whoever can connect is root or the user who runs the agent, who
 * could read and change the state anyway.
 */
export class ControlServer {
  readonly #commands: ControlCommands
  readonly #logger: Logger
  readonly #askers = new Map<Socket, AbortController>()
  readonly #answering = new Set<Promise<void>>()
  readonly #server: Server
  readonly #stateDir: string

  /** @param stateDir private to its owner, and locked for as long as the agent lives */
  constructor(stateDir: string, commands: ControlCommands, logger: Logger) {
    this.#stateDir = stateDir
    this.#commands = commands
    this.#logger = logger
    this.#server = createServer((socket) => this.#serve(socket))
    this.#server.maxConnections = MAX_ASKERS
  }

  /** Settles when programs can ask. A machine that offers no such socket is scanned all the same: the log says why. */
  async start(): Promise<void> {
    try {
      const path = claimControlSocket(this.#stateDir)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.#server.once('error', reject)
      this.#server.listen(path, resolve)
      await promise
      guardControlSocket(path)
    } catch (error) {
      this.#logger.warn(
        { stateDir: this.#stateDir, error: String(error) },
        'local commands cannot reach this agent',
      )
    }
  }

  /** Ends what is still asked, with an answer where there is one, and takes the socket away. */
  async close(): Promise<void> {
    const closed = this.#server.listening
      ? new Promise((resolve) => this.#server.close(resolve))
      : Promise.resolve()
    for (const gone of this.#askers.values()) gone.abort()
    await Promise.all(this.#answering)
    for (const socket of this.#askers.keys()) socket.destroy()
    await closed
  }

  #serve(socket: Socket): void {
    const gone = new AbortController()
    this.#askers.set(socket, gone)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#askers.delete(socket)
      gone.abort()
    })
    socket.setTimeout(ASK_WITHIN_MS, () => socket.destroy())
    let hasAsked = false
    readLines(socket, (line) => {
      if (hasAsked) return void socket.destroy()
      hasAsked = true
      socket.setTimeout(0)
      const answering = this.#answer(line, socket, gone.signal).then((answer) => {
        socket.end(lineOf(answer))
        this.#answering.delete(answering)
      })
      this.#answering.add(answering)
    })
  }

  async #answer(line: string, socket: Socket, signal: AbortSignal): Promise<ControlAnswer> {
    const request = parseJson(line)
    if (!controlRequest.Check(request)) return refused('The agent does not understand this request.')
    const { command, args } = request
    const run = Object.hasOwn(this.#commands, command) ? this.#commands[command] : undefined
    if (run === undefined) return refused('This agent knows no such command: is it of another version?')
    const news = (value: unknown) => {
      if (!signal.aborted && socket.writableLength < MAX_UNREAD_BYTES)
        socket.write(lineOf({ kind: 'news', value }))
    }
    try {
      return { kind: 'done', value: (await run(args, { news, signal })) ?? null }
    } catch (error) {
      if (error instanceof ControlRefusal) return refused(error.message)
      this.#logger.error({ command, error: String(error) }, 'a local command broke off')
      return refused('The agent could not do it; its log has the details.')
    }
  }
}

function refused(message: string): ControlAnswer {
  return { kind: 'refused', message }
}

function lineOf(answer: ControlAnswer): string {
  const line = JSON.stringify(answer)
  if (line.length <= MAX_CONTROL_LINE) return `${line}\n`
  return `${JSON.stringify(refused('The answer is too long to tell.'))}\n`
}
