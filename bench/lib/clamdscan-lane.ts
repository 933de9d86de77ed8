import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tool } from '@fleetsweep/testkit'
import { askClamd } from '../../packages/agent/src/engines/clamav/ask-clamd.ts'
import { SupervisedProcess } from '../../packages/agent/src/engines/clamav/supervised-process.ts'
import { identifyProcess, usedCpuMs } from '../../packages/agent/src/os/process-identity.ts'
import { systemClock } from '../../packages/agent/src/os/system-clock.ts'

/** What one run took, and the files in which it found something. */
export type LaneRun = { wallMs: number; cpuMs: number; found: Set<string> }

/** What Debian's clamav-daemon is installed with, as far as it decides about work and speed. */
const DEBIAN: Record<string, string | number> = {
  MaxThreads: 12,
  MaxConnectionQueueLength: 15,
  ReadTimeout: 180,
  CommandReadTimeout: 30,
  SendBufTimeout: 200,
  MaxQueue: 100,
  IdleTimeout: 30,
  StreamMaxLength: '25M',
  MaxDirectoryRecursion: 15,
  MaxScanTime: 120_000,
  MaxScanSize: '100M',
  MaxFileSize: '25M',
  MaxRecursion: 16,
  MaxFiles: 10_000,
  MaxEmbeddedPE: '10M',
  MaxHTMLNormalize: '10M',
  MaxHTMLNoTags: '2M',
  MaxScriptNormalize: '5M',
  MaxZipTypeRcg: '1M',
  PCREMatchLimit: 10_000,
  PCRERecMatchLimit: 5_000,
  PCREMaxFileSize: '25M',
  SelfCheck: 3_600,
}

/** clamd and clamdscan as people run them. */
export class ClamdscanLane implements AsyncDisposable {
  readonly #root: string
  readonly #databaseDir: string
  readonly #changes: Record<string, string | number>
  #clamd: { process: SupervisedProcess; config: string } | undefined

  /** @param changes of Debian's configuration */
  constructor(root: string, databaseDir: string, changes: Record<string, string | number> = {}) {
    this.#root = mkdtempSync(join(root, 'clamdscan-'))
    this.#databaseDir = databaseDir
    this.#changes = changes
  }

  /** Starts clamd anew: nothing of what was scanned before is in its cache. */
  async restart(): Promise<void> {
    await this.#clamd?.process.kill()
    const clamd = tool('clamd')
    const config = join(this.#root, 'clamd.conf')
    const socketPath = join(this.#root, 'clamd.sock')
    const lines = {
      LocalSocket: socketPath,
      DatabaseDirectory: this.#databaseDir,
      Foreground: 'yes',
      ...DEBIAN,
      ...this.#changes,
    }
    writeFileSync(
      config,
      Object.entries(lines)
        .map(([name, value]) => `${name} ${value}\n`)
        .join(''),
    )
    const process = await SupervisedProcess.start({
      command: clamd.path,
      args: [`--config-file=${config}`],
      env: { PATH: globalThis.process.env.PATH, ...clamd.env },
    })
    this.#clamd = { process, config }
    for (;;) {
      if (identifyProcess(process.pid) === undefined) throw new Error(`clamd ended: ${process.lastOutput}`)
      const version = await askClamd(socketPath, 'VERSION', { timeoutMs: 5_000, clock: systemClock }).catch(
        () => undefined,
      )
      if (version !== undefined) return
      await new Promise((wake) => setTimeout(wake, 50))
    }
  }

  async scan(folder: string): Promise<LaneRun> {
    const clamd = this.#clamd
    if (clamd === undefined) throw new Error('clamd was not started')
    const clamdscan = tool('clamdscan')
    const before = usedCpuMs(clamd.process.pid)
    const begun = performance.now()
    // The shell tells what the program used when it is done.
    const script = `"$0" --multiscan --fdpass --infected --no-summary --config-file="$1" "$2"; times >&2`
    const { stdout, stderr } = await new Promise<{ stdout: Buffer; stderr: Buffer }>((resolve, reject) => {
      execFile(
        '/bin/bash',
        ['-c', script, clamdscan.path, clamd.config, folder],
        {
          env: { PATH: process.env.PATH, ...clamdscan.env },
          encoding: 'buffer',
          maxBuffer: 64 * 1024 * 1024,
        },
        (error, out, err) => (error ? reject(error) : resolve({ stdout: out, stderr: err })),
      )
    })
    const wallMs = performance.now() - begun
    const clientMs = childrenMs(stderr.toString('latin1'))
    return { wallMs, cpuMs: usedCpuMs(clamd.process.pid) - before + clientMs, found: foundIn(stdout, folder) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clamd?.process.kill()
  }
}

/** The paths, as bytes read as latin1: names may hold anything, a newline too. */
function foundIn(output: Buffer, folder: string): Set<string> {
  const text = `\n${output.toString('latin1')}`
  const entries = text.split(`\n${folder}/`).slice(1)
  return new Set(
    entries.flatMap((entry) => {
      const [, path] = /^([\s\S]*): \S+ FOUND\s*$/.exec(entry) ?? []
      return path === undefined ? [] : [`${folder}/${path}`]
    }),
  )
}

/** The second line that `times` prints: what its children used. */
function childrenMs(text: string): number {
  const last = text.trim().split('\n').at(-1) ?? ''
  return [...last.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1_000,
    0,
  )
}
