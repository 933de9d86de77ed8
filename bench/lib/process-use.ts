import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ is 100 on every architecture that Node runs on. */
const MS_A_TICK = 10
const MIB_IN_KIB = 1024

/** Memory of a process by the kernel's account, in MiB. */
export type MemoryUse = {
  /** All that is resident, with the pages of program files. */
  rss: number
  /** The same with what several processes share counted in parts. */
  pss: number
  /** What no file backs: heaps, stacks, buffers. */
  anonymous: number
}

export function memoryUse(pid: number): MemoryUse {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  return {
    rss: mebibytes(status, 'VmRSS'),
    pss: mebibytes(rollup, 'Pss'),
    anonymous: mebibytes(status, 'RssAnon'),
  }
}

/** Work of a process so far; two looks give what lies between them. */
export type WorkDone = {
  /** CPU time of its threads to the nanosecond, and to a tick of 10 ms of the children that it has seen end. */
  cpuMs: number
  /** How often one of its threads went to sleep: so often something woke one. */
  sleeps: number
}

/** Threads that ended in between are missed; an idle process has none. */
export function workDone(pid: number): WorkDone {
  const threads = readdirSync(`/proc/${pid}/task`)
  let [cpuMs, sleeps] = [0, 0]
  for (const thread of threads) {
    const folder = `/proc/${pid}/task/${thread}`
    cpuMs += Number(readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[0]) / 1e6
    sleeps += numberIn(readFileSync(`${folder}/status`, 'latin1'), 'voluntary_ctxt_switches')
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const childTicks = Number(fields[13]) + Number(fields[14])
  return { cpuMs: cpuMs + childTicks * MS_A_TICK, sleeps }
}

function mebibytes(text: string, name: string): number {
  return numberIn(text, name) / MIB_IN_KIB
}

function numberIn(text: string, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]
  if (value === undefined) throw new Error(`The kernel does not tell ${name}.`)
  return Number(value)
}
