import {
  formatInstant,
  type Instant,
  instantFromMs,
  MICROSECONDS_PER_MS,
  signatureState,
} from '@fleetsweep/protocol'
import type { Identity } from '../enrollment/identity.ts'
import type { RecentScan } from '../journal/recent-scans.ts'
import { AGENT_VERSION } from '../version.ts'
import type { AgentStatus } from './agent-status.ts'
import { countWords, PHASE_WORDS, signatureWords } from './words.ts'

/** Everything that `status` knows. */
export type Overview = {
  stateDir: string
  identity: Identity | undefined
  /** Why an identity that is there is not used. */
  problem: string | undefined
  /** `silent` while an agent runs but has said nothing yet; `undefined` while none runs. */
  running: AgentStatus | 'silent' | undefined
  recent: RecentScan[]
}

const CONNECTION_WORDS: Record<AgentStatus['connection']['state'], string> = {
  connecting: 'connecting',
  connected: 'connected',
  disconnected: 'not connected',
  notAuthenticated: 'not accepted by the server; enroll this machine again',
  closed: 'starting',
}

/** For programs. @param now by the machine's clock */
export function statusJson({ identity, problem, running, recent }: Overview, now: Instant): unknown {
  const status = running === 'silent' ? undefined : running
  return {
    agentVersion: AGENT_VERSION,
    enrolled: identity !== undefined,
    problem: problem ?? null,
    machineId: identity?.machineId ?? null,
    tenant: identity?.tenant ?? null,
    server: identity?.serverUrl ?? null,
    running: running !== undefined,
    connection: status === undefined ? null : { ...status.connection, since: time(status.connection.since) },
    engine: status?.engine ?? null,
    signatureState: status?.engine?.signatures ? signatureState(status.engine.signatures, now) : null,
    scan: status?.scan ?? null,
    waitingScans: status?.waiting ?? null,
    recentScans: recent.map((scan) => ({ ...scan, endedAt: formatInstant(scan.endedAt) })),
  }
}

/** For people. @param now by the machine's clock */
export function statusText(overview: Overview, now: Instant): string {
  const { identity, problem, running, recent, stateDir } = overview
  const lines = [
    `agent       ${AGENT_VERSION}, ${running === undefined ? 'not running' : 'running'} (${stateDir})`,
    identity === undefined
      ? `machine     ${problem ?? 'not enrolled; enroll with: fleetsweep-agent enroll --server URL --token TOKEN'}`
      : `machine     ${identity.machineId}`,
    ...(identity === undefined ? [] : [`server      ${identity.serverUrl}`]),
    ...(running === undefined || running === 'silent' ? [] : runningLines(running, now)),
    ...(recent.length === 0 ? ['last scans  none'] : ['last scans', ...recent.map(recentLine)]),
  ]
  return `${lines.join('\n')}\n`
}

function runningLines({ connection, engine, scan, waiting, because }: AgentStatus, now: Instant): string[] {
  const reason = connection.reason === null ? '' : ` (${connection.reason})`
  const lines = [
    `connection  ${CONNECTION_WORDS[connection.state]} since ${time(connection.since)}${reason}`,
    `engine      ${engine === null ? 'not looked at yet' : engineWords(engine, now)}`,
  ]
  if (scan !== null) {
    const { phase, percent, filesDone, filesTotal, detections, attempt } = scan.progress
    // Not every engine tells which files it reads.
    const done =
      filesTotal === 0
        ? ''
        : `${Math.floor(percent)} %, ${countWords(filesDone)} of ${countWords(filesTotal)} files, `
    lines.push(
      `scan        ${scan.scanType}, ${PHASE_WORDS[phase]}, ${done}${countWords(detections)} detections` +
        `${attempt > 1 ? `, attempt ${attempt}` : ''}`,
    )
  }
  if (waiting > 0) lines.push(`waiting     ${countWords(waiting)} more${because ? `. ${because}` : ''}`)
  return lines
}

function engineWords(engine: NonNullable<AgentStatus['engine']>, now: Instant): string {
  const name = `${engine.name}${engine.version === null ? '' : ` ${engine.version}`}`
  if (engine.state === 'missing') {
    const isRunning = engine.mode !== 'Not running'
    return `${name} ${isRunning ? (engine.version === null ? 'is not installed' : 'cannot scan') : 'is not running'}`
  }
  if (engine.state === 'noSignatures' || engine.signatures === null) return `${name} has no signatures`
  return `${name}; ${signatureWords(engine.signatures, now)}`
}

function recentLine({ endedAt, scanType, ending, sentence, attempts, origin, told }: RecentScan): string {
  const text = ending === 'failed' ? `failed: ${sentence}` : sentence
  return (
    `  ${formatInstant(endedAt).slice(0, 19)}Z  ${scanType.padEnd(5)}  ${text}` +
    `${attempts > 1 ? ` (${attempts} attempts)` : ''}${toldWords({ origin, told })}`
  )
}

function toldWords({ origin, told }: Pick<RecentScan, 'origin' | 'told'>): string {
  if (origin === 'local') return ' (local; the server is not told)'
  return told ? '' : ' (not told to the server yet)'
}

function time(microseconds: number): string {
  return formatInstant(instantFromMs(microseconds / MICROSECONDS_PER_MS))
}
