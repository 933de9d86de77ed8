#!/usr/bin/env node
import { createScanning, runAgentProgram, systemClock, thisHost } from '@fleetsweep/agent'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort())

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
