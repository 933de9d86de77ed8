import { join } from 'node:path'
import type { ProgramParts, Scanning } from './commands/program.ts'
import { createClamAvEngine } from './engines/index.ts'
import { createScanRunner, type ScanConfig } from './scan/index.ts'

/** Puts together what scans files on this machine: a ClamAV of the agent's own and the walk that feeds it. */
export function createScanning({
  stateDir,
  config,
  policy,
  clock,
}: Parameters<ProgramParts['scanning']>[0]): Scanning {
  const { clamd, databaseDir, env } = config.engine ?? {}
  const engine = createClamAvEngine(
    {
      runtimeDir: join(stateDir, 'engine'),
      ...(clamd !== undefined && { clamdPath: clamd }),
      ...(databaseDir !== undefined && { databaseDir }),
      ...(env !== undefined && { env }),
    },
    { clock },
  )
  const scanConfig: ScanConfig = {
    ...config.scan,
    ...(policy.allowedPaths !== undefined && { allowedPaths: policy.allowedPaths }),
    // Our own journal and work lists change while we scan; what is in them is the agent's.
    exclude: [stateDir],
  }
  return {
    engine,
    runScan: createScanRunner({ engine, clock, config: scanConfig }),
    endLeftovers: () => engine.endLeftovers(),
  }
}
