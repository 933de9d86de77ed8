import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createScanning, runAgentProgram } from '../../packages/agent/src/index.ts'
import { systemClock } from '../../packages/agent/src/os/system-clock.ts'
import { scanAsClean } from '../../packages/agent/tests/scan-as-clean.ts'

export type MemoryQuestion = { folder: string; workDir: string; ledgerDir: string }
export type MemoryAnswer = {
  metFiles: number
  folders: number
  /** Most that was resident at a time, and before the scan. */
  peakBytes: number
  idleBytes: number
  /** What the scan left in its folder. */
  workBytes: number
  scanMs: number
  longestStandstillMs: number
}

process.once('message', async ({ folder, workDir, ledgerDir }: MemoryQuestion) => {
  // The whole agent is loaded, as it is where a scan runs.
  const io = { stdout: () => {}, stderr: () => {}, stop: new AbortController().signal }
  const parts = { host: () => undefined, scanning: createScanning, clock: systemClock, random: Math.random }
  await runAgentProgram(['--version'], {}, io, parts)
  const idleBytes = process.memoryUsage.rss()
  mkdirSync(workDir)
  const standstill = monitorEventLoopDelay({ resolution: 10 })
  standstill.enable()
  const began = performance.now()
  const { report } = await scanAsClean({ folder, workDir, ledgerDir })
  const answer: MemoryAnswer = {
    metFiles: report?.coverage?.met.files ?? 0,
    folders: report?.directories ?? 0,
    peakBytes: highWaterMark(),
    idleBytes,
    workBytes: readdirSync(workDir).reduce((sum, name) => sum + statSync(join(workDir, name)).size, 0),
    scanMs: performance.now() - began,
    longestStandstillMs: standstill.max / 1e6,
  }
  process.send?.(answer)
})

/** By the kernel's own account; nothing that lies between two looks is missed. */
function highWaterMark(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  if (kilobytes === undefined) throw new Error('The kernel does not tell how much memory was used.')
  return Number(kilobytes) * 1024
}
