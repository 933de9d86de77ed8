import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addsUp,
  type Clock,
  type CountedReport,
  DEFAULT_SCAN_SETTINGS,
  type Detection,
  isCounted,
  type ScanProgress,
  ScanReport,
  type ScanSettings,
  type ScanType,
} from '@fleetsweep/protocol'
import { tool } from '@fleetsweep/testkit'
import { Compile } from 'typebox/compile'
import { expect } from 'vitest'
import { type ClamAvConfig, createClamAvEngine, type Engine, type OwnEngine } from '../src/engines/index.ts'
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../src/os/process-identity.ts'
import { systemClock } from '../src/os/system-clock.ts'
import type { QuarantineDesk } from '../src/quarantine/index.ts'
import { createScanRunner, type ScanConfig, type ScanOutcome } from '../src/scan/index.ts'

const Report = Compile(ScanReport)

/** A folder of the test's own, with a real ClamAV that keeps its working files in it. */
export class ClamAvFixture {
  readonly folder: string
  /** What scans look at unless told otherwise. */
  readonly files: string
  readonly #engines: OwnEngine[] = []
  #workDirs = 0

  private constructor(folder: string) {
    this.folder = folder
    this.files = join(folder, 'files')
  }

  static async create(): Promise<ClamAvFixture> {
    const fixture = new ClamAvFixture(await mkdtemp(join(tmpdir(), 'fleetsweep-scan-')))
    await mkdir(fixture.files)
    return fixture
  }

  /** An engine with the project's test signatures. */
  engine(config: Partial<ClamAvConfig> = {}, clock: Clock = systemClock): OwnEngine {
    const engine = createClamAvEngine({ ...this.engineConfig, ...config }, { clock })
    this.#engines.push(engine)
    return engine
  }

  get engineConfig(): ClamAvConfig {
    const clamd = tool('clamd')
    return {
      runtimeDir: join(this.folder, 'engine'),
      clamdPath: clamd.path,
      env: clamd.env,
      databaseDir: tool('signatures').path,
    }
  }

  /** The process number of a clamd that runs here. */
  clamdPid(): number | undefined {
    const process = this.#record()?.process
    return process && isSameProcess(process, identifyProcess(process.pid)) ? process.pid : undefined
  }

  /** Where clamd's folders are: its user cannot always reach the agent's own. */
  stageDir(): string {
    return this.#record()?.stageDir ?? ''
  }

  /** Where clamd unpacks. */
  temporaryDir(): string {
    return this.#record()?.temporaryDir ?? ''
  }

  #record(): { process?: ProcessIdentity; stageDir: string; temporaryDir: string } | undefined {
    const path = join(this.engineConfig.runtimeDir, 'engine.json')
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
  }

  /** Runs a full scan of `files`; every report is checked against the protocol and its sum. */
  async scan(engine: Engine, options: ScanOptions = {}): Promise<ScanResult> {
    const workDir = options.workDir ?? join(this.folder, `work-${++this.#workDirs}`)
    await mkdir(workDir, { mode: 0o700, recursive: true })
    const detections: Detection[] = []
    const progress: ScanProgress[] = []
    const run = createScanRunner({
      engine,
      clock: options.clock ?? systemClock,
      ...(options.ledger && {
        ledger: {
          folder: options.ledger,
          bootId: async () => options.bootId ?? 'boot',
          osIdentity: async () => options.osIdentity ?? 'this machine',
        },
      }),
      ...(options.quarantine && { quarantine: options.quarantine }),
      ...(options.random && { random: options.random }),
      config: { fullRoots: [this.files], ...options.config },
    })
    const outcome = await run({
      actionId: '00000000-0000-4000-8000-000000000001',
      scanType: options.scanType ?? 'Full',
      paths: options.paths ?? [],
      // Nothing is slowed down but what is about that.
      settings: { ...DEFAULT_SCAN_SETTINGS, cpuCeilingPercent: 100, ...options.settings },
      attempt: options.attempt ?? 1,
      workDir,
      signal: options.signal ?? new AbortController().signal,
      onStarted: () => options.onStarted?.(),
      onDetection: (detection) => detections.push(detection),
      onProgress: (one) => {
        progress.push(one)
        options.onProgress?.(one)
      },
    })
    if (outcome.report) {
      expect(Report.Errors(outcome.report)).toEqual([])
      expect(isCounted(outcome.report) && addsUp(outcome.report.coverage)).toBe(true)
    }
    return { outcome, detections, progress }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const engine of this.#engines) await engine[Symbol.asyncDispose]()
    await this.engine().endLeftovers()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export type ScanOptions = {
  scanType?: ScanType
  paths?: readonly string[]
  settings?: Partial<ScanSettings>
  config?: ScanConfig
  attempt?: number
  /** To go on with what an earlier attempt left there. */
  workDir?: string
  /** Folder of what is known of unchanged files. */
  ledger?: string
  quarantine?: QuarantineDesk
  bootId?: string
  osIdentity?: string
  clock?: Clock
  random?: () => number
  signal?: AbortSignal
  onStarted?: () => void
  onProgress?: (progress: ScanProgress) => void
}

export type ScanResult = { outcome: ScanOutcome; detections: Detection[]; progress: ScanProgress[] }

/** The report of a scan that finished. */
export function finished({ outcome }: ScanResult): CountedReport {
  if (outcome.kind !== 'finished' || !isCounted(outcome.report))
    throw new Error(`the scan ended otherwise: ${JSON.stringify(outcome)}`)
  return outcome.report
}
