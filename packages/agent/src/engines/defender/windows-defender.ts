import type { Clock, DefenderMode, EngineInfo, Inventory, SignatureSet } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'
import { LazySchema } from '../../kit/lazy-schema.ts'
import { EngineError } from '../engine.ts'
import { decodeOutput, parsePowerShellList, parsePowerShellMoment } from './decode-output.ts'
import type { DefenderEngine, DefenderScan, DefenderScanEnd, DefenderTarget } from './defender-engine.ts'
import { DEFENDER_NAME, DEFENDER_UNTOLD, defenderSignatures } from './defender-info.ts'
import { type ProgramEnd, runProgram, startProgram } from './run-program.ts'
import { parseRunningMode, SCAN_ABILITY } from './running-mode.ts'
import { readThreatDetections } from './threat-detections.ts'
import type { WindowsPrograms } from './windows-programs.ts'

const ANSWER_TIMEOUT_MS = 60_000
const UPDATE_TIMEOUT_MS = 600_000

/** Everything is asked by these words alone: nothing of a path or of the server's ever becomes part of a script. */
const ask = (command: string, fields: string) =>
  `$ErrorActionPreference='Stop'; [Console]::OutputEncoding=[Text.Encoding]::UTF8; ${command} | Select-Object ${fields} | ConvertTo-Json -Depth 3 -Compress`
const SCRIPTS = {
  status: ask(
    'Get-MpComputerStatus',
    'AMRunningMode,AMProductVersion,AntivirusSignatureVersion,AntivirusSignatureLastUpdated',
  ),
  detections: ask(
    'Get-MpThreatDetection',
    'ThreatID,Resources,InitialDetectionTime,LastThreatStatusChangeTime,ThreatStatusID,ActionSuccess',
  ),
  threats: ask('Get-MpThreat', 'ThreatID,ThreatName'),
} as const

/** Of https://learn.microsoft.com/en-us/powershell/module/defender/get-mpcomputerstatus, what we ask for. */
const Status = Type.Object({
  AMRunningMode: Type.String(),
  AMProductVersion: Type.String({ maxLength: 64 }),
  AntivirusSignatureVersion: Type.String({ maxLength: 64 }),
  AntivirusSignatureLastUpdated: Type.Union([Type.String(), Type.Null()]),
})
type Status = Static<typeof Status> & { mode: DefenderMode }
const status = new LazySchema(Status)

/** Microsoft Defender Antivirus of Windows, by its command line and its PowerShell module. */
export function createWindowsDefender(
  programs: WindowsPrograms,
  { clock }: { clock: Clock },
): DefenderEngine {
  const limits = { timeoutMs: ANSWER_TIMEOUT_MS, clock }
  const askPowerShell = async (script: keyof typeof SCRIPTS) => {
    const args = ['-NoLogo', '-NoProfile', '-NonInteractive', '-Command', SCRIPTS[script]]
    const end = await runProgram({ command: programs.powerShell, args }, limits)
    return end.kind === 'exited' && end.code === 0 ? end.output : undefined
  }
  const readStatus = async () => {
    const output = await askPowerShell('status')
    return output && parseStatus(output)
  }

  return {
    async inspect(): Promise<Inventory['engine']> {
      const seen = await readStatus()
      if (seen === undefined)
        return { name: DEFENDER_NAME, version: null, state: 'missing', signatures: null }
      const engine = {
        name: DEFENDER_NAME,
        version: seen.AMProductVersion,
        life: 'system',
        mode: seen.mode,
      } as const
      return SCAN_ABILITY[seen.mode].scans
        ? { ...engine, state: 'ready', signatures: signaturesOf(seen) }
        : { ...engine, state: 'missing', signatures: null }
    },

    async prepare(): Promise<EngineInfo> {
      const seen = await readStatus()
      if (seen === undefined) {
        const what =
          'Microsoft Defender does not tell its state: Get-MpComputerStatus gave no answer to read.'
        throw new EngineError('engineMissing', what)
      }
      const ability = SCAN_ABILITY[seen.mode]
      if (!ability.scans) throw new EngineError('engineMissing', ability.reason)
      return {
        name: DEFENDER_NAME,
        version: seen.AMProductVersion,
        signatures: signaturesOf(seen),
        limits: null,
        untold: [...DEFENDER_UNTOLD, ...(ability.note === null ? [] : [ability.note])],
      }
    },

    startScan(target: DefenderTarget): DefenderScan {
      const { pid, ended, kill } = startProgram({ command: programs.mpCmdRun, args: scanArguments(target) })
      return { pid, ended: ended.then(scanEnd), abandon: kill }
    },

    async cancelScan() {
      await runProgram({ command: programs.mpCmdRun, args: ['-Scan', '-Cancel'] }, limits)
    },

    // Its list tells the time of each detection, to the second in some versions.
    rememberPast: async (atMs) => ({ atMs: Math.floor(atMs / 1_000) * 1_000, known: [] }),

    async detectionsSince({ atMs }) {
      const [detections, threats] = [await askPowerShell('detections'), await askPowerShell('threats')]
      return detections && threats && readThreatDetections({ detections, threats }, atMs)
    },

    async updateSignatures() {
      const before = (await readStatus())?.AntivirusSignatureVersion
      const end = await runProgram(
        { command: programs.mpCmdRun, args: ['-SignatureUpdate'] },
        { timeoutMs: UPDATE_TIMEOUT_MS, clock },
      )
      if (end.kind !== 'exited' || end.code !== 0) return { kind: 'failed', sentence: whyNotUpdated(end) }
      const after = (await readStatus())?.AntivirusSignatureVersion
      return after === undefined || after === before
        ? { kind: 'current' }
        : { kind: 'updated', databases: [after] }
    },
  }
}

/** @see https://learn.microsoft.com/en-us/defender-endpoint/command-line-arguments-microsoft-defender-antivirus */
function scanArguments(target: DefenderTarget): string[] {
  if (target.kind === 'path') return ['-Scan', '-ScanType', '3', '-File', target.path]
  return ['-Scan', '-ScanType', target.kind === 'Quick' ? '1' : '2']
}

/**
 * 0: nothing found, or all of it remediated. 2: something found that is still there, or something went wrong; where it
 * went wrong the program mostly writes an HRESULT.
 */
function scanEnd(end: ProgramEnd): DefenderScanEnd {
  if (end.kind === 'missing') return { kind: 'failed', reason: 'MpCmdRun.exe could not be started.' }
  if (end.kind === 'killed') return { kind: 'failed', reason: 'MpCmdRun.exe was ended from outside.' }
  if (end.code === 0) return { kind: 'done' }
  const said = [end.output, end.errors].map(decodeOutput).join('\n')
  const result = /\bhr\s*=\s*(0x[0-9a-f]{8})/i.exec(said)?.[1] ?? hexResult(end.code)
  if (result !== undefined) {
    return {
      kind: 'failed',
      reason: `Microsoft Defender did not finish the scan: ${result}. Another scan may have been running.`,
    }
  }
  const reason = `MpCmdRun.exe ended with code ${end.code} and Microsoft Defender names no threat: the scan may not have run to its end.`
  return end.code === 2 ? { kind: 'unclear', reason } : { kind: 'failed', reason }
}

function whyNotUpdated(end: ProgramEnd): string {
  const what = 'Microsoft Defender did not update itself'
  if (end.kind === 'missing') return `${what}: MpCmdRun.exe could not be started.`
  if (end.kind === 'killed') return `${what} within ${UPDATE_TIMEOUT_MS / 60_000} minutes.`
  return `${what}: MpCmdRun.exe ended with ${hexResult(end.code) ?? `code ${end.code}`}.`
}

/** An exit code that is itself an HRESULT; those of failures have their highest bit set. */
function hexResult(code: number): string | undefined {
  const unsigned = code >>> 0
  return unsigned >= 0x8000_0000 ? `0x${unsigned.toString(16)}` : undefined
}

function parseStatus(output: Uint8Array): Status | undefined {
  const [seen] = parsePowerShellList(output) ?? []
  if (!status.Check(seen)) return undefined
  const mode = parseRunningMode(seen.AMRunningMode)
  return mode && { ...seen, mode }
}

function signaturesOf(seen: Status): SignatureSet {
  const updatedAtMs = parsePowerShellMoment(seen.AntivirusSignatureLastUpdated ?? '')
  return defenderSignatures(seen.AntivirusSignatureVersion, updatedAtMs)
}
