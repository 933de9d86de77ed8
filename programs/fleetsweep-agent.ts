#!/usr/bin/env node
import { createScanning, runAgentProgram, systemClock, thisHost } from '@fleetsweep/agent'

const stop = new AbortController()
// Windows has no SIGTERM: a console that is closed says SIGHUP, and Ctrl+Break says SIGBREAK.
const ENDS =
  process.platform === 'win32'
    ? (['SIGINT', 'SIGHUP', 'SIGBREAK'] as const)
    : (['SIGTERM', 'SIGINT'] as const)
for (const signal of ENDS) process.on(signal, () => stop.abort())

const io = {
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
  columns: () => (process.stderr.isTTY ? process.stderr.columns : undefined),
  stop: stop.signal,
}
process.exitCode = await runAgentProgram(process.argv.slice(2), process.env, io, {
  host: thisHost,
  scanning: createScanning,
  clock: systemClock,
  random: Math.random,
})
