import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { tool } from '@fleetsweep/testkit'

const run = promisify(execFile)

/**
 * A network that no other one touches, with the place of a server in it; machines are plugged in one by one. It goes
 * with this process, however that ends.
 */
export class BareNetwork implements AsyncDisposable {
  /** Where the server is, for every machine. */
  readonly serverAddress = '10.0.0.1'
  readonly #holder: ChildProcess
  readonly #pid: number
  #machines = 0

  private constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder
    this.#pid = pid
  }

  /** @throws Error with what is missing where this process may not make one */
  static async create(): Promise<BareNetwork> {
    needRoot()
    // What reads its input ends when we do.
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (holder.pid === undefined)
      throw new Error('The tests on a bare system need the program unshare (util-linux).')
    const network = new BareNetwork(holder, holder.pid)
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => {
        throw new Error('This system allows no network of its own, which the tests on a bare system need.')
      }),
    ])
    await network.#ip('address add 10.0.0.1/32 dev lo')
    await network.#ip('link set lo up')
    return network
  }

  /** The command that starts a program at the server's place. */
  get through(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.#pid}/ns/net`, '--']
  }

  /** Plugs a machine in. @param pid of one of its processes. @returns its address and the one of its gateway */
  async plugIn(pid: number): Promise<{ address: string; gateway: string }> {
    const number = ++this.#machines
    const [gateway, address] = [`10.1.${number}.1`, `10.1.${number}.2`]
    await this.#ip(`link add to${number} type veth peer name eth0 netns ${pid}`)
    await this.#ip(`address add ${gateway}/24 dev to${number}`)
    await this.#ip(`link set to${number} up`)
    return { address, gateway }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#holder, 'exit')
    this.#holder.kill('SIGKILL')
    await ended
  }

  /** The `ip` of the bare system: this one may have none. */
  async #ip(words: string): Promise<void> {
    const [command = '', ...rest] = this.through
    const root = join(tool('bareSystem').path, 'base/root')
    await run(command, [...rest, 'chroot', root, 'ip', ...words.split(' ')])
  }
}

function needRoot(): void {
  if (process.getuid?.() === 0) return
  throw new Error(
    'The tests that install the agent on a bare system need root (for namespaces, mounts and a user of the engine’s own). Run them as root, in a virtual machine or a privileged container if you like.',
  )
}
