import { readFileSync } from 'node:fs'

/** USER_HZ is 100 on every architecture that Node runs on. */
const MS_A_TICK = 10

/** A process that cannot be mistaken for a later one with the same number. */
export type ProcessIdentity = {
  pid: number
  /** Clock ticks from boot to its start. */
  startTicks: string
  bootId: string
}

/** Who a process is; `undefined` when it does not run, or where the system does not say (all but Linux). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name in parentheses may hold anything, so fields count from the last one that closes.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTicks] = [fields[0], fields[19]]
    if (startTicks === undefined || state === 'Z' || state === 'X') return undefined
    return { pid, startTicks, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() }
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** The arguments that a process was started with; empty when it does not run. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity | undefined): boolean {
  return b !== undefined && a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId
}

/** CPU time that a process has used so far, in milliseconds; 0 when it does not run, or where the system does not say. */
export function usedCpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * MS_A_TICK
  } catch (error) {
    if (isGone(error)) return 0
    throw error
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
}
