import type { Clock, EngineInfo, Inventory } from '@fleetsweep/protocol'
import { EngineError } from '../engine.ts'
import { decodeOutput } from './decode-output.ts'
import type { DefenderEngine, DefenderScan, DefenderScanEnd, DefenderTarget } from './defender-engine.ts'
import { DEFENDER_NAME, DEFENDER_UNTOLD, defenderSignatures } from './defender-info.ts'
import { type MdatpHealth, readMdatpHealth } from './mdatp-health.ts'
import { detectionsOf, type MdatpThreat, newThreats, readMdatpThreats } from './mdatp-threats.ts'
import { type ProgramEnd, runProgram, startProgram } from './run-program.ts'
import { SCAN_ABILITY } from './running-mode.ts'

const ANSWER_TIMEOUT_MS = 60_000
const UPDATE_TIMEOUT_MS = 600_000
/** Of what a program said, in a sentence of ours. */
const SHOWN_CHARACTERS = 200

/**
 * Microsoft Defender for Endpoint on Linux and macOS, by its command line. Exit codes of it are documented nowhere, so
 * what it writes decides, and its own list says what was found.
 *
 * @param program `mdatp`, with its folder
 * @see https://learn.microsoft.com/en-us/defender-endpoint/linux-resources
 * @see https://github.com/alexverboon/MDATP/issues/3 for what it writes with and without a licence
 */
export function createMdatpDefender(program: string, { clock }: { clock: Clock }): DefenderEngine {
  const run = (args: readonly string[], timeoutMs = ANSWER_TIMEOUT_MS) =>
    runProgram({ command: program, args }, { timeoutMs, clock })

  /** As JSON, or as a version that knows none writes it. */
  async function ask<T>(args: readonly string[], read: (text: string) => T | undefined): Promise<Answer<T>> {
    const json = await run([...args, '--output', 'json'])
    if (json.kind === 'missing') return { kind: 'missing' }
    const told = json.kind === 'exited' && json.code === 0 ? read(decodeOutput(json.output)) : undefined
    if (told !== undefined) return { kind: 'told', value: told }
    const plain = await run(args)
    const value = plain.kind === 'exited' && plain.code === 0 ? read(textOf(plain)) : undefined
    return value === undefined ? { kind: 'silent', said: saidBy(plain) } : { kind: 'told', value }
  }
  const askHealth = () => ask(['health'], readMdatpHealth)
  const listThreats = async (): Promise<MdatpThreat[] | undefined> => {
    const answer = await ask(['threat', 'list'], readMdatpThreats)
    return answer.kind === 'told' ? answer.value : undefined
  }

  return {
    async inspect(): Promise<Inventory['engine']> {
      const answer = await askHealth()
      const nothing = { name: DEFENDER_NAME, version: null, state: 'missing', signatures: null } as const
      if (answer.kind === 'missing') return nothing
      if (answer.kind === 'silent') return { ...nothing, mode: 'Not running' }
      const { mode, version, definitions } = answer.value
      const engine = { name: DEFENDER_NAME, version, life: 'system', ...(mode && { mode }) } as const
      const refusal = findRefusal(answer.value)
      if (refusal !== undefined) {
        const state = refusal.code === 'noSignatures' ? 'noSignatures' : 'missing'
        return { ...engine, state, signatures: null }
      }
      return { ...engine, state: 'ready', signatures: definitions && signaturesOf(definitions) }
    },

    async prepare(): Promise<EngineInfo> {
      const answer = await askHealth()
      if (answer.kind !== 'told') throw new EngineError('engineMissing', whySilent(answer))
      const health = answer.value
      const refusal = findRefusal(health)
      if (refusal !== undefined) throw new EngineError(refusal.code, refusal.message)
      return {
        name: DEFENDER_NAME,
        version: health.version ?? 'unknown',
        signatures: signaturesOf(health.definitions ?? { version: 'unknown', updatedAtMs: undefined }),
        limits: null,
        untold: [...DEFENDER_UNTOLD, ...notesOn(health)],
      }
    },

    startScan(target: DefenderTarget): DefenderScan {
      const { pid, ended, kill } = startProgram({ command: program, args: scanArguments(target) })
      return { pid, ended: ended.then(scanEnd), abandon: kill }
    },

    async cancelScan() {
      await run(['scan', 'cancel'])
    },

    async rememberPast(atMs) {
      const threats = await listThreats()
      return threats && { atMs, known: threats.map(({ digest }) => digest) }
    },

    async detectionsSince({ known }) {
      const threats = await listThreats()
      return threats && newThreats(known, threats).flatMap(detectionsOf)
    },

    async updateSignatures() {
      const versionNow = async () => {
        const answer = await askHealth()
        return answer.kind === 'told' ? answer.value.definitions?.version : undefined
      }
      const before = await versionNow()
      const end = await run(['definitions', 'update'], UPDATE_TIMEOUT_MS)
      if (end.kind !== 'exited' || end.code !== 0) {
        return { kind: 'failed', sentence: `Microsoft Defender did not update itself: ${saidBy(end)}` }
      }
      const after = await versionNow()
      return after === undefined || after === before
        ? { kind: 'current' }
        : { kind: 'updated', databases: [after] }
    },
  }
}

type Answer<T> = { kind: 'told'; value: T } | { kind: 'missing' } | { kind: 'silent'; said: string }

function whySilent(answer: { kind: 'missing' } | { kind: 'silent'; said: string }): string {
  return answer.kind === 'missing'
    ? 'Microsoft Defender is not installed on this machine: there is no mdatp to start.'
    : `Microsoft Defender is not running, or does not tell its state: ${answer.said}`
}

function findRefusal(
  health: MdatpHealth,
): { code: 'engineMissing' | 'noSignatures'; message: string } | undefined {
  if (!health.isLicensed) {
    const message =
      'Microsoft Defender has no licence on this machine, and finds nothing without one. Onboard the machine, or use another engine.'
    return { code: 'engineMissing', message }
  }
  if (!health.isEngineLoaded) {
    const message = 'Microsoft Defender has not loaded its engine. "mdatp health" says more.'
    return { code: 'engineMissing', message }
  }
  if (health.definitions === null) {
    const message = 'Microsoft Defender has no definitions to compare with. Run: mdatp definitions update'
    return { code: 'noSignatures', message }
  }
  return undefined
}

function notesOn({ mode, issues }: MdatpHealth): string[] {
  const ability = mode && SCAN_ABILITY[mode]
  const note = ability?.scans === true && ability.note !== null ? [ability.note] : []
  if (issues.length === 0) return note
  return [...note, `Microsoft Defender calls itself unhealthy: ${shorten(issues.join(', '))}.`]
}

/** @see https://learn.microsoft.com/en-us/defender-endpoint/linux-resources */
function scanArguments(target: DefenderTarget): string[] {
  if (target.kind === 'path') return ['scan', 'custom', '--path', target.path]
  return ['scan', target.kind === 'Quick' ? 'quick' : 'full']
}

/** `Scan has finished`, with the files scanned and the threats detected. */
function scanEnd(end: ProgramEnd): DefenderScanEnd {
  if (end.kind === 'missing') return { kind: 'failed', reason: 'mdatp could not be started.' }
  if (end.kind === 'killed') return { kind: 'failed', reason: 'mdatp was ended from outside.' }
  const said = `${textOf(end)}\n${decodeOutput(end.errors)}`
  if (/\bno licen[cs]e\b/i.test(said)) {
    return { kind: 'failed', reason: 'Microsoft Defender has no licence, and finds nothing without one.' }
  }
  const hasFinished = /\bscan (has )?(finished|completed)\b/i.test(said)
  if (!hasFinished && /\bcancell?ed\b/i.test(said)) {
    return { kind: 'failed', reason: 'Microsoft Defender says that somebody cancelled the scan.' }
  }
  if (!hasFinished && end.code !== 0) {
    const reason = `Microsoft Defender did not finish the scan: mdatp ended with code ${end.code}: ${saidBy(end)}`
    return { kind: 'failed', reason }
  }
  const threats = /\b(\d{1,9}) threat\(s\) detected/i.exec(said)?.[1]
  return { kind: 'done', ...(threats !== undefined && { threats: Number(threats) }) }
}

function signaturesOf({ version, updatedAtMs }: NonNullable<MdatpHealth['definitions']>) {
  return defenderSignatures(version, updatedAtMs)
}

function textOf(end: Extract<ProgramEnd, { kind: 'exited' }>): string {
  return decodeOutput(end.output)
}

/** What a program said for itself, in quotation marks; where it said nothing, how it ended. */
function saidBy(end: ProgramEnd): string {
  if (end.kind === 'missing') return 'mdatp could not be started.'
  if (end.kind === 'killed') return 'mdatp did not answer in time.'
  const words = [end.errors, end.output]
    .map(decodeOutput)
    .join(' ')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return words === '' ? `mdatp ended with code ${end.code}.` : `"${shorten(words)}"`
}

function shorten(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
