import type { Scanning } from './commands/program.ts'
import { type Engine, EngineError } from './engines/engine.ts'

/** Puts together what scans files on this machine. No engine is built in: every scan fails and says so. */
export function createScanning(): Scanning {
  const reason = 'This agent was built without an engine.'
  const engine: Engine = {
    inspect: async () => ({ name: 'none', version: null, state: 'missing', signatures: null }),
    open: () => Promise.reject(new EngineError('engineMissing', reason)),
    [Symbol.asyncDispose]: async () => {},
  }
  return {
    engine,
    runScan: async () => ({ kind: 'failed', reason, report: null }),
    endLeftovers: async () => 'neverStarted',
  }
}
