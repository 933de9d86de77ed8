import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@fleetsweep/protocol'
import { createMdatpDefender, DefenderMark } from '../src/engines/index.ts'
import { systemClock } from '../src/os/system-clock.ts'
import { type DefenderScanOptions, type DefenderScanResult, scanWithDefender } from './defender-fixture.ts'
import type { DefenderStandIn } from './defender-stops.ts'

/** How the program that stands in for mdatp behaves. */
export type MdatpBehaviour = {
  /** On top of a healthy one, as JSON has it. */
  health: object
  /** What each command writes in place of an answer, with the exit code. */
  garbage: Partial<Record<'health' | 'threat' | 'definitions', { code: number; says: string }>>
  /** False: `--output json` is refused, as by older versions. */
  knowsJson: boolean
  /** Of `scan`: `finds` goes into the history of threats when it ends. */
  scan: { code: number; says?: string; lasts?: 'untilCancelled' | 'forever'; finds?: object[] }
}

const setting = (value: unknown) => ({ displayValue: true, isManaged: false, value })

const HEALTHY = {
  appVersion: '101.23062.0010',
  definitionsUpdated: '1700000000000',
  definitionsVersion: '1.395.30.0',
  healthIssues: [],
  healthy: true,
  licensed: true,
  passiveModeEnabled: setting(false),
  realTimeProtectionEnabled: setting(true),
}

export const PASSIVE = { passiveModeEnabled: setting(true), realTimeProtectionEnabled: setting(false) }

/** A program that answers as mdatp does, as far as the agent asks it. */
export class MdatpFixture implements DefenderStandIn {
  readonly folder = mkdtempSync(join(tmpdir(), 'fleetsweep-mdatp-'))
  readonly program = join(this.folder, 'mdatp')
  readonly mark = new DefenderMark(join(this.folder, 'engine', 'defender-scan'))

  constructor() {
    writeFileSync(this.program, `#!${process.execPath}\n${MDATP}`)
    chmodSync(this.program, 0o755)
    this.history([])
    this.behave()
  }

  behave({ health = {}, ...behaviour }: Partial<MdatpBehaviour> = {}): void {
    const whole = {
      knowsJson: true,
      garbage: {},
      scan: { code: 0 },
      health: { ...HEALTHY, ...health },
      ...behaviour,
    }
    writeFileSync(join(this.folder, 'behaviour.json'), JSON.stringify(whole))
  }

  /** What mdatp has found before. */
  history(threats: object[]): void {
    writeFileSync(join(this.folder, 'history.json'), JSON.stringify(threats))
  }

  /** The arguments of every call, in order. */
  get calls(): string[] {
    return readFileSync(join(this.folder, 'calls'), 'utf8').trim().split('\n')
  }

  get isScanning(): boolean {
    return existsSync(join(this.folder, 'scanning'))
  }

  get scanProgram() {
    return { command: this.program, args: ['scan', 'full'] }
  }

  lastUntil(end: 'cancelled' | 'never'): void {
    this.behave({ scan: { code: 0, lasts: end === 'cancelled' ? 'untilCancelled' : 'forever' } })
  }

  engine(clock: Clock = systemClock) {
    return createMdatpDefender(this.program, { clock })
  }

  scan(options: DefenderScanOptions = {}): Promise<DefenderScanResult> {
    return scanWithDefender(this.engine(options.clock), this.mark, this.folder, options)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const MDATP = `
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const at = (name) => join(__dirname, name)
const json = (name) => JSON.parse(readFileSync(at(name), 'utf8'))
const args = process.argv.slice(2)
const { health, garbage, knowsJson, scan } = json('behaviour.json')
appendFileSync(at('calls'), args.join(' ') + '\\n')

const say = (text, code = 0) => { process.stdout.write(text); process.exitCode = code }
const isJson = args.includes('--output')
const [command, verb] = args
if (isJson && !knowsJson) say('Unrecognized option: --output', 1)
else if (garbage[command]) say(garbage[command].says, garbage[command].code)
else if (command === 'health') say(isJson ? JSON.stringify({ $type: 'getHealthAllResult', ...health }) : lines(health))
else if (command === 'threat') {
  const threats = json('history.json')
  if (isJson) say(JSON.stringify({ $type: 'threatListResult', threats: { scans: [{ threats }] } }))
  else say(threats.length === 0 ? 'No threats\\n' : threats.map(block).join(''))
} else if (command === 'definitions') {
  const definitionsVersion = health.newest ?? health.definitionsVersion
  writeFileSync(at('behaviour.json'), JSON.stringify({ ...json('behaviour.json'), health: { ...health, definitionsVersion } }))
  say('Security intelligence is up to date\\n')
} else if (verb === 'cancel') writeFileSync(at('cancelled'), '')
else if (scan.lasts === undefined) end()
else {
  writeFileSync(at('scanning'), '')
  setInterval(function () {
    if (scan.lasts === 'forever' || !existsSync(at('cancelled'))) return
    clearInterval(this)
    say('Scan has been cancelled\\n')
  }, 10)
}

function end() {
  const found = scan.finds ?? []
  writeFileSync(at('history.json'), JSON.stringify([...json('history.json'), ...found]))
  say(scan.says ?? 'Scan has finished\\n\\t12 file(s) scanned\\n\\t' + found.length + ' threat(s) detected\\n', scan.code)
}

function lines(fields) {
  const plain = (value) => JSON.stringify(value && value.value !== undefined ? value.value : value)
  const name = (key) => key.replace(/[A-Z]/g, (letter) => '_' + letter.toLowerCase())
  return Object.entries(fields).map(([key, value]) => name(key).padEnd(44) + ': ' + plain(value) + '\\n').join('')
}

function block({ threat, history }) {
  return 'Id: "' + threat.tracking_id + '"\\nName: ' + threat.name + '\\nStatus: "' + history.at(-1).value + '"\\n'
}
`
