import { read } from 'node:fs'
import { createConnection, type OnReadOpts, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { loadDescriptorPassing } from './pass-descriptor.ts'

/** One connection to clamd and a way to let it have open files. One call at a time. */
export interface ClamdTransport {
  /** To be paused, resumed and ended; what it reads goes to `onData`. */
  readonly stream: Socket
  /** Takes what clamd sends; set before anything is sent. The buffer is used again afterwards. */
  onData: (chunk: Buffer) => void
  /** Sends a command, such as `PING`. */
  sendCommand(command: string): Promise<void>
  /** Lets clamd judge an open file. The descriptor is not needed any more when this settles. */
  sendFile(descriptor: number, sizeBytes: number): Promise<void>
}

export type ConnectClamd = (socketPath: string) => Promise<ClamdTransport>

/**
 * The best transport of this machine: descriptors where they can be passed, else the bytes themselves.
 *
 * Streaming costs about a third more time, but like a descriptor (and unlike a path) it carries no file name, needs no
 * permission of the engine's, and the verdict is about the bytes that we opened.
 */
export async function chooseTransport(): Promise<{ connect: ConnectClamd; passesDescriptors: boolean }> {
  const passing = await loadDescriptorPassing()
  if (typeof passing !== 'function') return { connect: connectStreaming, passesDescriptors: false }
  return {
    passesDescriptors: true,
    connect: async (socketPath) => {
      const reading = readingTo(() => transport)
      const { stream, send } = passing(socketPath, reading)
      const sendAll = async (message: Buffer, descriptor?: number): Promise<void> => {
        while (!send(message, descriptor)) await drained()
      }
      const transport: ClamdTransport = {
        stream,
        onData: () => {},
        sendCommand: (command) => sendAll(Buffer.from(`z${command}\0`)),
        // The descriptor travels with one byte that clamd reads and forgets.
        sendFile: (descriptor) => sendAll(Buffer.from('zFILDES\0\0'), descriptor),
      }
      return transport
    },
  }
}

/** clamd takes commands off its socket within microseconds; the next turn of the event loop is soon enough to try again. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const CHUNK_BYTES = 256 * 1024
/** Some hundred answers. */
const READ_BYTES = 16 * 1024
const readAt = promisify(read)

/** Sends the bytes of each file. */
export const connectStreaming: ConnectClamd = async (socketPath) => {
  const stream = await connectSocket(
    socketPath,
    readingTo(() => transport),
  )
  const write = (data: Buffer): Promise<void> =>
    new Promise((resolve, reject) => stream.write(data, (error) => (error ? reject(error) : resolve())))
  const transport: ClamdTransport = {
    stream,
    onData: () => {},
    sendCommand: (command) => write(Buffer.from(`z${command}\0`)),
    async sendFile(descriptor, sizeBytes) {
      await write(Buffer.from('zINSTREAM\0'))
      const chunk = Buffer.alloc(4 + CHUNK_BYTES)
      // What the file grows by meanwhile is left out; its new size tells the caller that it changed.
      for (let position = 0; position < sizeBytes; ) {
        const want = Math.min(CHUNK_BYTES, sizeBytes - position)
        const { bytesRead } = await readAt(descriptor, chunk, 4, want, position)
        if (bytesRead === 0) break
        chunk.writeUInt32BE(bytesRead)
        await write(chunk.subarray(0, 4 + bytesRead))
        position += bytesRead
      }
      await write(Buffer.alloc(4))
    },
  }
  return transport
}

/** Into one buffer, without the queue of a stream: a socket that is paused reads nothing, and answers wait together. */
function readingTo(transport: () => ClamdTransport): OnReadOpts {
  return {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback(bytes, buffer) {
      transport().onData(Buffer.from(buffer.buffer, buffer.byteOffset, bytes))
      return true
    },
  }
}

/** Connects to a Unix socket. */
export function connectSocket(socketPath: string, onread?: OnReadOpts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: socketPath, ...(onread && { onread }) })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
