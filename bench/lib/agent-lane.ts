import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { addMs, DEFAULT_SCAN_SETTINGS, type ScanReport } from '@fleetsweep/protocol'
import { tool } from '@fleetsweep/testkit'
import type { Engine } from '../../packages/agent/src/engines/engine.ts'
import { createClamAvEngine } from '../../packages/agent/src/engines/index.ts'
import { systemClock } from '../../packages/agent/src/os/system-clock.ts'
import { createScanRunner } from '../../packages/agent/src/scan/index.ts'
import type { LaneRun } from './clamdscan-lane.ts'

/** The files of the corpus were made just now; the ledger takes only what has rested for a minute. */
const LATER_MS = 3_600_000
const clock = { ...systemClock, now: () => addMs(systemClock.now(), LATER_MS) }

/** The agent's own scan, from being asked for to its report, in this process. */
export class AgentLane implements AsyncDisposable {
  readonly #root: string
  readonly #databaseDir: string
  #engine: ReturnType<typeof createClamAvEngine> | undefined
  #scans = 0

  constructor(root: string, databaseDir: string) {
    this.#root = mkdtempSync(join(root, 'agent-'))
    this.#databaseDir = databaseDir
  }

  /** Starts the engine anew, ready to judge and with nothing in its cache. @returns how long that took */
  async restart(): Promise<number> {
    await this.#engine?.[Symbol.asyncDispose]()
    const clamd = tool('clamd')
    this.#engine = createClamAvEngine(
      {
        runtimeDir: join(this.#root, 'engine'),
        clamdPath: clamd.path,
        env: clamd.env,
        databaseDir: this.#databaseDir,
      },
      { clock },
    )
    const begun = performance.now()
    const session = await this.#engine.open({ onPhase: () => {}, signal: new AbortController().signal })
    await session[Symbol.asyncDispose]()
    return performance.now() - begun
  }

  async scan(folder: string, options: { rescan?: boolean } = {}): Promise<LaneRun & { report: ScanReport }> {
    const engine = this.#engine
    if (engine === undefined) throw new Error('the engine was not started')
    let engineCpuMs = () => 0
    const watched: Engine = {
      inspect: () => engine.inspect(),
      async open(opening) {
        const session = await engine.open(opening)
        engineCpuMs = () => session.brake?.usedCpuMs() ?? 0
        return session
      },
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    }
    const found = new Set<string>()
    const run = createScanRunner({
      engine: watched,
      clock,
      ledger: {
        folder: join(this.#root, 'ledger'),
        bootId: async () => 'bench',
        osIdentity: async () => 'bench',
      },
      config: { quickPlaces: [], fullRoots: [folder] },
    })
    let engineBefore = 0
    const ownBefore = process.cpuUsage()
    const begun = performance.now()
    const outcome = await run({
      actionId: '00000000-0000-4000-8000-000000000001',
      scanType: 'Full',
      paths: [],
      settings: { ...DEFAULT_SCAN_SETTINGS, cpuCeilingPercent: 100, rescan: options.rescan ?? false },
      attempt: 1,
      workDir: mkdtempSync(join(this.#root, `work-${++this.#scans}-`)),
      signal: new AbortController().signal,
      onStarted: () => {
        engineBefore = engineCpuMs()
      },
      onDetection: ({ path }) =>
        found.add(
          (path.base64 ? Buffer.from(path.base64, 'base64') : Buffer.from(path.text)).toString('latin1'),
        ),
      onProgress: () => {},
    })
    const wallMs = performance.now() - begun
    const { user, system } = process.cpuUsage(ownBefore)
    if (outcome.kind !== 'finished') throw new Error(`The scan ended otherwise: ${JSON.stringify(outcome)}`)
    const cpuMs = engineCpuMs() - engineBefore + (user + system) / 1_000
    return { wallMs, cpuMs, found, report: outcome.report }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine?.[Symbol.asyncDispose]()
  }
}
