// The agent program as a process of its own, with a fake scan, that ends itself at a wished moment as kill -9 would.
// Arguments: state folder, file that the scans write their beginnings and ends to, milliseconds that a scan takes,
// and optionally `before` or `after` and the write of the journal to die at: its name, or its number, counted from the
// moment that the parent says "count".

import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import {
  fakeHost,
  sampleDetection,
  sampleEngine,
  sampleInventoryEngine,
  sampleReport,
} from '@fleetsweep/testkit'
import { Journal } from '../src/journal/journal.ts'
import { runAgentProgram } from '../src/main.ts'
import { systemClock } from '../src/os/system-clock.ts'
import type { ScanRunner } from '../src/scan/scan.ts'

const [stateDir = '', scanLog = '', scanMs = '0', when, fatalWrite] = process.argv.slice(2)

const WRITES = [
  'acceptScan',
  'acceptLocalScan',
  'acceptTask',
  'acceptStop',
  'beginAttempt',
  'interrupt',
  'append',
  'end',
  'ack',
  'forget',
] as const

let writes = 0
let counts = false
process.on('message', () => {
  counts = true
  process.send?.('counting')
})
// Waiting for the parent's word must not keep the agent from ending.
process.channel?.unref()

for (const name of WRITES) {
  const write: unknown = Journal.prototype[name]
  if (typeof write !== 'function') throw new Error(`The journal has no ${name}.`)
  Object.defineProperty(Journal.prototype, name, {
    value(this: Journal, ...args: unknown[]): unknown {
      if (counts) writes++
      const isLast = fatalWrite === name || fatalWrite === String(writes)
      if (isLast && when === 'before') process.kill(process.pid, 'SIGKILL')
      const result: unknown = write.apply(this, args)
      if (isLast) process.kill(process.pid, 'SIGKILL')
      return result
    },
  })
}

const runScan: ScanRunner = async (request) => {
  const { actionId, scanType, attempt, signal } = request
  appendFileSync(scanLog, `begin ${actionId} ${attempt}\n`)
  try {
    request.onStarted(sampleEngine)
    for (const path of ['/tmp/a', '/tmp/b']) {
      await delay(Number(scanMs) / 2, undefined, { signal })
      request.onDetection(sampleDetection(path))
    }
    return { kind: 'finished', report: sampleReport({ scanType, attempts: attempt, detections: 2 }) }
  } catch (error) {
    if (!signal.aborted) throw error
    return { kind: 'stopped', proof: 'queueEmpty', stoppedWithinMs: 0, report: null }
  } finally {
    appendFileSync(scanLog, `end ${actionId} ${attempt}\n`)
  }
}

const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
const io = {
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
  stop: stop.signal,
}
const env = { XDG_CONFIG_HOME: `${stateDir}/no-config` }
process.exitCode = await runAgentProgram(['run', '--state', stateDir], env, io, {
  host: () => fakeHost(),
  scanning: () => ({
    engine: {
      inspect: async () => sampleInventoryEngine,
      open: () => Promise.reject(new Error('A fake scan opens no engine.')),
      [Symbol.asyncDispose]: async () => {},
    },
    runScan,
    endLeftovers: async () => 'processGone',
  }),
  clock: systemClock,
  random: Math.random,
})
