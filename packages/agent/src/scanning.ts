import { join } from 'node:path'
import type { ProgramParts } from './commands/program.ts'
import { createClamAvEngine, createExistingClamAvEngine } from './engines/index.ts'
import { createScanRunner } from './scan/index.ts'

/** Puts together what scans files on this machine: our own scan with ClamAV, as configured and within the policy. */
export const createScanning: ProgramParts['scanning'] = ({
  stateDir,
  config,
  policy,
  host,
  clock,
  logger,
}) => {
  const { existing, life, idleMinutes, clamd, databaseDir, env } = config.engine ?? {}
  const engine =
    existing === undefined
      ? createClamAvEngine(
          {
            runtimeDir: join(stateDir, 'engine'),
            isResident: life === 'resident',
            ...(idleMinutes === undefined ? {} : { idleMs: idleMinutes * 60_000 }),
            ...(clamd === undefined ? {} : { clamdPath: clamd }),
            ...(databaseDir === undefined ? {} : { databaseDir }),
            ...(env === undefined ? {} : { env }),
          },
          { clock, logger },
        )
      : createExistingClamAvEngine({ configFile: existing }, { clock })
  const ledger = { folder: join(stateDir, 'ledger'), bootId: () => host.bootId() }
  const runScan = createScanRunner({ engine, clock, ledger, config: { ...config.scan, ...policy } })
  return { engine, runScan, endLeftovers: () => engine.endLeftovers() }
}
