// An agent that has its engine ready, and waits to be killed.
import { createClamAvEngine } from '../src/engines/index.ts'
import { systemClock } from '../src/os/system-clock.ts'

const engine = createClamAvEngine(JSON.parse(process.argv[2] ?? '{}'), { clock: systemClock })
await engine.open({ onPhase: () => {}, signal: new AbortController().signal })
process.stdout.write('ready\n')
process.stdin.resume()
