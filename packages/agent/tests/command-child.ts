// A command of the program as another user, who is chosen once all is loaded: that user may not reach this folder.
// Arguments: the user's number, or nothing for none, then those of the command.
import { createScanning, runAgentProgram, systemClock, thisHost } from '../src/index.ts'

const [uid = '', ...argv] = process.argv.slice(2)
if (uid !== '') {
  process.setgroups?.([])
  process.setgid?.(Number(uid))
  process.setuid?.(Number(uid))
}
const io = {
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
  stop: new AbortController().signal,
}
const parts = { host: thisHost, scanning: createScanning, clock: systemClock, random: Math.random }
process.exitCode = await runAgentProgram(argv, {}, io, parts)
