import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Clock,
  DEFAULT_SCAN_SETTINGS,
  type Detection,
  type ScanProgress,
  ScanReport,
} from '@fleetsweep/protocol'
import { Compile } from 'typebox/compile'
import { expect } from 'vitest'
import { createWindowsDefender, type DefenderEngine, DefenderMark } from '../src/engines/index.ts'
import { systemClock } from '../src/os/system-clock.ts'
import {
  createDefenderRunner,
  type ScanConfig,
  type ScanOutcome,
  type ScanRequest,
} from '../src/scan/index.ts'
import type { DefenderStandIn } from './defender-stops.ts'

const Report = Compile(ScanReport)

/** How the programs that stand in for Microsoft Defender behave. */
export type Behaviour = {
  /** What Get-MpComputerStatus writes. */
  status: string
  /** Of MpCmdRun when it scans: `found` is on the list of detections when it ends. */
  scan: { code: number; says?: string; lasts?: 'untilCancelled' | 'forever'; found?: object[] }
  /** What Get-MpThreatDetection writes instead of what was found. */
  detections?: string
  /** Of MpCmdRun when it updates: what Get-MpComputerStatus writes from then on. */
  update?: { code: number; status?: string }
}

export const NORMAL = {
  AMRunningMode: 'Normal',
  AMProductVersion: '4.18.24090.11',
  AntivirusSignatureVersion: '1.421.12.0',
  AntivirusSignatureLastUpdated: '/Date(1700000000000)/',
}

export type DefenderScanOptions = Partial<ScanRequest> & {
  clock?: Clock
  config?: ScanConfig
  maxScanMs?: number
}

/** Programs that answer as MpCmdRun.exe and PowerShell do, as far as the agent asks them. */
export class DefenderFixture implements DefenderStandIn {
  readonly folder = mkdtempSync(join(tmpdir(), 'fleetsweep-defender-'))
  readonly programs = {
    mpCmdRun: this.#program('MpCmdRun', MPCMDRUN),
    powerShell: this.#program('powershell', POWERSHELL),
  }
  readonly mark = new DefenderMark(join(this.folder, 'engine', 'defender-scan'))

  behave(behaviour: Partial<Behaviour> = {}): void {
    const usual = { status: JSON.stringify(NORMAL), scan: { code: 0 } }
    writeFileSync(join(this.folder, 'behaviour.json'), JSON.stringify({ ...usual, ...behaviour }))
  }

  /** The arguments of every call of MpCmdRun, in order. */
  get calls(): string[] {
    const path = join(this.folder, 'calls')
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }

  get isScanning(): boolean {
    return existsSync(join(this.folder, 'scanning'))
  }

  get scanProgram() {
    return { command: this.programs.mpCmdRun, args: ['-Scan', '-ScanType', '2'] }
  }

  lastUntil(end: 'cancelled' | 'never'): void {
    this.behave({ scan: { code: 0, lasts: end === 'cancelled' ? 'untilCancelled' : 'forever' } })
  }

  engine(clock: Clock = systemClock) {
    return createWindowsDefender(this.programs, { clock })
  }

  scan(options: DefenderScanOptions = {}): Promise<DefenderScanResult> {
    return scanWithDefender(this.engine(options.clock), this.mark, this.folder, options)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #program(name: string, source: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, `#!${process.execPath}\n${COMMON}${source}`)
    chmodSync(path, 0o755)
    return path
  }
}

export type DefenderScanResult = { outcome: ScanOutcome; detections: Detection[]; progress: ScanProgress[] }

/** Scans with what the agent makes of Defender's programs; each report is checked against its schema. */
export async function scanWithDefender(
  engine: DefenderEngine,
  mark: DefenderMark,
  folder: string,
  { clock = systemClock, config = {}, maxScanMs, ...request }: DefenderScanOptions,
): Promise<DefenderScanResult> {
  const workDir = join(folder, 'work')
  mkdirSync(workDir, { recursive: true })
  const detections: Detection[] = []
  const progress: ScanProgress[] = []
  const run = createDefenderRunner({ engine, mark, clock, config, ...(maxScanMs && { maxScanMs }) })
  const outcome = await run({
    actionId: '00000000-0000-4000-8000-000000000001',
    scanType: 'Quick',
    paths: [],
    settings: DEFAULT_SCAN_SETTINGS,
    attempt: 1,
    workDir,
    signal: new AbortController().signal,
    onStarted: () => {},
    onDetection: (detection) => detections.push(detection),
    onProgress: (one) => progress.push(one),
    ...request,
  })
  if (outcome.kind !== 'failed' || outcome.report) expect(Report.Errors(outcome.report)).toEqual([])
  return { outcome, detections, progress }
}

const COMMON = `
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const at = (name) => join(__dirname, name)
const args = process.argv.slice(2)
const behaviour = JSON.parse(readFileSync(at('behaviour.json'), 'utf8'))
`

const MPCMDRUN = `
appendFileSync(at('calls'), args.join(' ') + '\\n')
const { code, says = '', lasts, found = [] } = behaviour.scan
const end = () => {
  const now = '/Date(' + Date.now() + ')/'
  writeFileSync(at('found.json'), JSON.stringify(found.map((one) => ({ InitialDetectionTime: now, ...one }))))
  process.stdout.write(says)
  process.exitCode = code
}
if (args[0] === '-SignatureUpdate') {
  const { code, status = behaviour.status } = behaviour.update ?? { code: 0 }
  writeFileSync(at('behaviour.json'), JSON.stringify({ ...behaviour, status }))
  process.exitCode = code
} else if (args[1] === '-Cancel') writeFileSync(at('cancelled'), '')
else if (lasts === undefined) end()
else {
  writeFileSync(at('scanning'), '')
  setInterval(function () {
    if (lasts === 'forever' || !existsSync(at('cancelled'))) return
    clearInterval(this)
    end()
  }, 10)
}
`

const POWERSHELL = `
const script = args.at(-1)
const found = existsSync(at('found.json')) ? readFileSync(at('found.json'), 'utf8') : '[]'
if (script.includes('Get-MpComputerStatus')) process.stdout.write(behaviour.status)
else if (script.includes('Get-MpThreatDetection')) process.stdout.write(behaviour.detections ?? found)
else process.stdout.write(JSON.stringify({ ThreatID: 7, ThreatName: 'Virus:DOS/EICAR_Test_File' }))
`
