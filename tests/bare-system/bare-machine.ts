import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { tool } from '@fleetsweep/testkit'
import type { BareNetwork } from './bare-network.ts'

const SCRIPTS = import.meta.dirname
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export type Ended = { code: number | null; out: string; err: string }

/** What a machine has beside the least. */
export type Furniture = {
  /** The command that stands in for the package manager of a distribution (package-manager.sh). */
  packageManager?: 'apt-get' | 'dnf' | 'zypper'
  /** True: there is a systemctl (systemctl.sh), and systemd says that it runs. */
  systemd?: boolean
}

/**
 * A machine of the least of a Debian: its own file system, processes, network and name, and nobody at home but a first
 * process that waits. No service manager runs on it.
 */
export class BareMachine implements AsyncDisposable {
  /** Its file system, as seen from outside; what is mounted inside does not show. */
  readonly root: string
  readonly #holder: ChildProcess
  readonly #pid: number

  private constructor(root: string, holder: ChildProcess, pid: number) {
    this.root = root
    this.#holder = holder
    this.#pid = pid
  }

  static async boot(network: BareNetwork, furniture: Furniture = {}): Promise<BareMachine> {
    const root = mkdtempSync(join(tmpdir(), 'fleetsweep-bare-'))
    furnish(root, furniture)
    const packages = join(tool('bareSystem').path, 'packages/archives')
    const spaces = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child=KILL']
    const holder = spawn('unshare', [...spaces, 'sh', join(SCRIPTS, 'boot.sh')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH, ROOT: root, PACKAGES: packages, SIGNATURES: tool('signatures').path },
    })
    try {
      const pid = await firstProcess(holder)
      const machine = new BareMachine(root, holder, pid)
      const { address, gateway } = await network.plugIn(pid)
      await machine.run(
        `ip address add ${address}/24 dev eth0 && ip link set eth0 up && ip route add default via ${gateway}`,
      )
      return machine
    } catch (error) {
      holder.kill('SIGKILL')
      rmSync(root, { recursive: true, force: true })
      throw error
    }
  }

  /** Runs a command line by the machine's `sh`, as root. @param text its standard input */
  async run(command: string, text = ''): Promise<Ended> {
    const spaces = ['--mount', '--net', '--pid', '--ipc', '--uts']
    const inside = ['--', '/usr/bin/env', '-i', `PATH=${PATH}`, 'HOME=/root', 'sh', '-c', command]
    const child = spawn('nsenter', ['--target', String(this.#pid), ...spaces, ...inside], { stdio: 'pipe' })
    const end: Ended = { code: null, out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (said: string) => {
      end.out += said
    })
    child.stderr.setEncoding('utf8').on('data', (said: string) => {
      end.err += said
    })
    child.stdin.on('error', () => {}).end(text)
    // Not `close`: what it left running may keep the pipes open.
    const [code] = await once(child, 'exit')
    return { ...end, code }
  }

  /** Pastes a command line into a shell, as root does. */
  paste(command: string): Promise<Ended> {
    return this.run('sh', `${command}\n`)
  }

  /** Every file: path → type, mode, owner and size; of links where they lead. A folder's size says nothing. */
  files(): Map<string, string> {
    const found = new Map<string, string>()
    for (const path of readdirSync(this.root, { recursive: true, encoding: 'utf8' })) {
      const { mode, uid, gid, size } = lstatSync(join(this.root, path))
      const type = mode & 0o170000
      const content = type === 0o120000 ? readlinkSync(join(this.root, path)) : type === 0o100000 ? size : ''
      found.set(`/${path}`, `${mode.toString(8)} ${uid}:${gid} ${content}`)
    }
    return found
  }

  /** What has come, gone or changed since `files()` was asked, sorted; but for what the package manager did. */
  changesSince(before: ReadonlyMap<string, string>): string[] {
    const now = this.files()
    const paths = [...new Set([...before.keys(), ...now.keys()])].toSorted()
    const ofPackages = this.#pathsOfPackages()
    return paths.filter((path) => before.get(path) !== now.get(path) && !ofPackages(path))
  }

  #pathsOfPackages(): (path: string) => boolean {
    const record = join(this.root, 'var/lib/packages/unpacked')
    const unpacked = new Set(
      existsSync(record)
        ? readFileSync(record, 'utf8')
            .split('\n')
            .map((line) => line.replace(/^\.|\/$/g, ''))
        : [],
    )
    return (path) => unpacked.has(path) || BY_PACKAGES.test(path)
  }

  /** The command lines of all that runs, but for the first process and what it waits for. */
  async processes(): Promise<string[]> {
    const { out } = await this.run(
      "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -a . ; done 2>/dev/null",
    )
    return out
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !OWN.test(line))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#holder, 'exit')
    this.#holder.kill('SIGKILL')
    await ended
    rmSync(this.root, { recursive: true, force: true })
  }
}

function furnish(root: string, { packageManager, systemd = false }: Furniture): void {
  execFileSync('cp', ['-a', `${join(tool('bareSystem').path, 'base/root')}/.`, root])
  // The rest of this is done by Debian's own scripts there.
  for (const file of ['passwd', 'group'])
    copyFileSync(join(root, 'usr/share/base-passwd', `${file}.master`), join(root, 'etc', file))
  const folders = ['media/packages', 'media/signatures', 'mnt', 'opt', 'usr/local/bin']
  if (systemd) folders.push('run/systemd/system', 'etc/systemd/system/multi-user.target.wants')
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true })
  const bring = (script: string, name: string) => {
    copyFileSync(join(SCRIPTS, script), join(root, 'usr/bin', name))
    chmodSync(join(root, 'usr/bin', name), 0o755)
  }
  if (packageManager !== undefined) bring('package-manager.sh', packageManager)
  if (systemd) bring('systemctl.sh', 'systemctl')
}

/** What package-manager.sh does beside unpacking. */
const BY_PACKAGES = /^\/(etc\/(passwd|group)|var\/lib\/(apt|packages|clamav)(\/.*)?)$/

/** What boot.sh started, and the look itself. */
const OWN = /^(tini -- cat|cat|sh -c for p in .*|tr \\0|grep -a \.)$/

async function firstProcess(holder: ChildProcess): Promise<number> {
  if (holder.stdout === null) throw new Error('unshare did not start.')
  let pid: number | undefined
  for await (const line of createInterface(holder.stdout)) {
    if (line === 'ready' && pid !== undefined) return pid
    pid = Number(line)
  }
  throw new Error('The bare machine did not start; its words are above.')
}
