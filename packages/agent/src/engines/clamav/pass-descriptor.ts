import { type OnReadOpts, Socket } from 'node:net'
import { bindCLibrary, type CLibrary } from '../../os/c-library.ts'

/** A connected Unix socket over which open files can be handed to another process. */
export interface PassingSocket {
  /** For reading; everything is written with `send`, so that nothing overtakes. */
  readonly stream: Socket
  /**
   * Sends a short message, with an open file where one is given. The file may be closed as soon as this returns.
   *
   * @returns false when the socket's buffer is full and nothing was sent
   */
  send(message: Buffer, descriptor?: number): boolean
}

/** Connects to a Unix socket, able to pass descriptors. */
export type ConnectPassing = (socketPath: string, onread: OnReadOpts) => PassingSocket

const AF_UNIX = 1
const SOCK_STREAM_CLOEXEC_NONBLOCK = 1 | 0o2000000 | 0o4000
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_NOSIGNAL = 0x4000
const MAX_SOCKET_PATH_BYTES = 107

// One block outside V8's heap holds every structure: small Buffers may move while C code looks at their old address.
// Offsets are those of 64-bit little-endian Linux, with glibc and musl alike.
const BLOCK = {
  msghdr: { at: 0, iov: 16, iovlen: 24, control: 32, controllen: 40, size: 56 },
  iovec: { at: 64, base: 0, length: 8 },
  control: { at: 96, length: 0, level: 8, type: 12, descriptor: 16, filled: 20, space: 24 },
  address: { at: 128, path: 2, size: 110 },
  message: { at: 256, size: 256 },
  size: 512,
} as const

/**
 * Loads what passing descriptors needs from the C library.
 *
 * @returns why not, where this machine cannot
 */
export function loadDescriptorPassing(): Promise<ConnectPassing | { unavailable: string }> {
  return bindCLibrary(bind)
}

function bind({ koffi, declare, failedWith, failure }: CLibrary): ConnectPassing {
  const socket: (domain: number, type: number, protocol: number) => number =
    declare('int socket(int, int, int)')
  const connect: (socket: number, address: bigint, size: number) => number = declare(
    'int connect(int, void *, uint32_t)',
  )
  const sendmsg: (socket: number, message: bigint, flags: number) => number = declare(
    'int64_t sendmsg(int, void *, int)',
  )
  const close: (descriptor: number) => number = declare('int close(int)')

  const base = koffi.address(koffi.alloc('uint8_t', BLOCK.size))
  const bytes = new Uint8Array(koffi.view(base, BLOCK.size))
  const memory = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

  function fillAddress(socketPath: string): void {
    const path = Buffer.from(socketPath)
    if (path.length > MAX_SOCKET_PATH_BYTES) throw new Error(`socket path is too long: ${socketPath}`)
    bytes.fill(0, BLOCK.address.at, BLOCK.address.at + BLOCK.address.size)
    memory.setUint16(BLOCK.address.at, AF_UNIX, true)
    bytes.set(path, BLOCK.address.at + BLOCK.address.path)
  }

  function fillMessage(message: Buffer, descriptor: number | undefined): void {
    const { msghdr, iovec, control } = BLOCK
    if (message.length > BLOCK.message.size) throw new Error('message is too long to pass')
    bytes.fill(0, 0, BLOCK.address.at)
    bytes.set(message, BLOCK.message.at)
    memory.setBigUint64(iovec.at + iovec.base, base + BigInt(BLOCK.message.at), true)
    memory.setBigUint64(iovec.at + iovec.length, BigInt(message.length), true)
    memory.setBigUint64(msghdr.at + msghdr.iov, base + BigInt(iovec.at), true)
    memory.setBigUint64(msghdr.at + msghdr.iovlen, 1n, true)
    if (descriptor === undefined) return
    memory.setBigUint64(control.at + control.length, BigInt(control.filled), true)
    memory.setInt32(control.at + control.level, SOL_SOCKET, true)
    memory.setInt32(control.at + control.type, SCM_RIGHTS, true)
    memory.setInt32(control.at + control.descriptor, descriptor, true)
    memory.setBigUint64(msghdr.at + msghdr.control, base + BigInt(control.at), true)
    memory.setBigUint64(msghdr.at + msghdr.controllen, BigInt(control.space), true)
  }

  return (socketPath, onread) => {
    fillAddress(socketPath)
    const descriptor = socket(AF_UNIX, SOCK_STREAM_CLOEXEC_NONBLOCK, 0)
    if (descriptor < 0) throw failure('socket')
    if (connect(descriptor, base + BigInt(BLOCK.address.at), BLOCK.address.size) !== 0) {
      const error = failure('connect')
      close(descriptor)
      throw error
    }
    // From here the stream owns the descriptor and closes it.
    const stream = new Socket({ fd: descriptor, readable: true, writable: true, onread })
    return {
      stream,
      send(message, passed) {
        if (stream.destroyed) throw new Error('the connection is closed')
        fillMessage(message, passed)
        const sent = sendmsg(descriptor, base, MSG_NOSIGNAL)
        if (sent === message.length) return true
        if (sent >= 0) throw new Error(`only ${sent} of ${message.length} bytes were sent`)
        if (failedWith('EAGAIN')) return false
        throw failure('sendmsg')
      },
    }
  }
}
