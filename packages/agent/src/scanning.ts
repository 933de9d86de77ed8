import { userInfo } from 'node:os'
import { join } from 'node:path'
import { waitingProgress } from './actions/waiting-progress.ts'
import type { ProgramParts } from './commands/program.ts'
import { createClamAvEngine, createExistingClamAvEngine, DEFAULT_DATABASE_DIR } from './engines/index.ts'
import { createScanRunner } from './scan/index.ts'
import { SignatureUpdater, updateOnOrder } from './signatures/index.ts'

/** Older signatures are looked after before a scan, for so long at most. */
const BEFORE_A_SCAN = { maxAgeMs: 86_400_000, waitMs: 120_000 }

/** Puts together what scans files on this machine: our own scan with ClamAV, as configured and within the policy. */
export const createScanning: ProgramParts['scanning'] = ({
  stateDir,
  config,
  policy,
  host,
  quarantine,
  clock,
  random,
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
  const updater = createUpdater({ stateDir, config, clock, random, logger })
  const ledger = {
    folder: join(stateDir, 'ledger'),
    bootId: () => host.bootId(),
    osIdentity: async () => (await host.osIdentity())?.hash ?? 'none',
  }
  const scan = createScanRunner({
    engine,
    clock,
    ledger,
    ...(quarantine && { quarantine }),
    config: { ...config.scan, ...policy },
  })
  return {
    engine,
    updater,
    ...(updater && { updateSignatures: updateOnOrder(updater) }),
    endLeftovers: () => engine.endLeftovers(),
    async runScan(request) {
      if (updater) {
        const because = 'It looks for newer signatures first.'
        request.onProgress(waitingProgress(request.attempt, because))
        await updater.freshen({ ...BEFORE_A_SCAN, signal: request.signal })
      }
      return scan(request)
    },
  }
}

/** Signatures of somebody's own folder, or of a clamd that others run, are theirs to keep current. */
function createUpdater({
  stateDir,
  config,
  clock,
  random,
  logger,
}: Pick<Parameters<ProgramParts['scanning']>[0], 'stateDir' | 'config' | 'clock' | 'random' | 'logger'>):
  | SignatureUpdater
  | undefined {
  const { update = 'auto', freshclam, mirror, ca, official, customUrls } = config.signatures ?? {}
  const { existing, databaseDir } = config.engine ?? {}
  if (update === 'never' || existing !== undefined || databaseDir !== undefined) return undefined
  return new SignatureUpdater({
    freshclam: {
      workDir: join(stateDir, 'signatures'),
      databaseDir: DEFAULT_DATABASE_DIR,
      owner: process.getuid?.() === 0 ? 'clamav' : userInfo().username,
      ...(freshclam === undefined ? {} : { program: freshclam }),
      ...(mirror === undefined ? {} : { mirror }),
      ...(ca === undefined ? {} : { ca }),
      ...(official === undefined ? {} : { official }),
      ...(customUrls === undefined ? {} : { customUrls }),
    },
    clock,
    random,
    logger,
  })
}
