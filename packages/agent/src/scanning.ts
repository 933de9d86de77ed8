import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@fleetsweep/protocol'
import { waitingProgress } from './actions/waiting-progress.ts'
import type { ProgramParts } from './commands/program.ts'
import { type AgentConfig, ConfigError } from './config/agent-config.ts'
import {
  createClamAvEngine,
  createExistingClamAvEngine,
  createMdatpDefender,
  createWindowsDefender,
  DEFAULT_DATABASE_DIR,
  type DefenderEngine,
  DefenderMark,
  findMdatp,
  findWindowsPrograms,
} from './engines/index.ts'
import { releaseMemory } from './os/release-memory.ts'
import { createDefenderRunner, createScanRunner } from './scan/index.ts'
import { type ServerMirror, SignatureUpdater, updateOnOrder } from './signatures/index.ts'

/** Older signatures are looked after before a scan, for so long at most. */
const BEFORE_A_SCAN = { maxAgeMs: 86_400_000, waitMs: 120_000 }
/** The agent is connected, or the report on its way, by then. */
const RELEASE_AFTER_MS = 5_000

/**
 * Puts together what scans files on this machine, as configured and within the policy: our own scan with ClamAV, or
 * Microsoft Defender's.
 *
 * @throws ConfigError when Defender is asked for where it is not, or for what it would not keep to
 */
export const createScanning: ProgramParts['scanning'] = (options) => {
  const { kind = 'auto' } = options.config.engine ?? {}
  const isDefender = kind === 'auto' ? process.platform === 'win32' : kind === 'defender'
  if (!isDefender && process.platform === 'win32') {
    throw new ConfigError('engine.kind is "clamav", which is not for Windows here; use "defender".')
  }
  return isDefender ? withDefender(options) : withClamAv(options)
}

const withClamAv: ProgramParts['scanning'] = ({
  stateDir,
  config,
  policy,
  host,
  serverMirror,
  quarantine,
  clock,
  random,
  logger,
}) => {
  const { existing, life, idleMinutes, clamd, databaseDir, temporaryFiles, env } = config.engine ?? {}
  const engine =
    existing === undefined
      ? createClamAvEngine(
          {
            runtimeDir: join(stateDir, 'engine'),
            isResident: life === 'resident',
            keepsTemporaryFilesInMemory: temporaryFiles !== 'disk',
            ...(idleMinutes === undefined ? {} : { idleMs: idleMinutes * 60_000 }),
            ...(clamd === undefined ? {} : { clamdPath: clamd }),
            ...(databaseDir === undefined ? {} : { databaseDir }),
            ...(env === undefined ? {} : { env }),
          },
          { clock, logger },
        )
      : createExistingClamAvEngine({ configFile: existing }, { clock })
  const updater = createUpdater({ stateDir, config, serverMirror, clock, random, logger })
  const ledger = {
    folder: join(stateDir, 'ledger'),
    bootId: () => host.bootId(),
    osIdentity: async () => (await host.osIdentity())?.hash ?? 'none',
  }
  // What the start took, and later what each scan did.
  const releaseSoon = () => clock.setTimer(RELEASE_AFTER_MS, () => void releaseMemory())
  releaseSoon()
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
      try {
        return await scan(request)
      } finally {
        releaseSoon()
      }
    },
  }
}

/** Signatures of somebody's own folder, or of a clamd that others run, are theirs to keep current. */
function createUpdater({
  stateDir,
  config,
  serverMirror,
  clock,
  random,
  logger,
}: Pick<Parameters<ProgramParts['scanning']>[0], 'stateDir' | 'config' | 'clock' | 'random' | 'logger'> & {
  serverMirror: ServerMirror | undefined
}): SignatureUpdater | undefined {
  const { serverMirror: mayUseServer = true } = config.signatures ?? {}
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
    ...(mayUseServer && serverMirror && { mirror: () => serverMirror.place }),
    clock,
    random,
    logger,
  })
}

const withDefender: ProgramParts['scanning'] = ({ stateDir, config, policy, clock }) => {
  if (config.scan !== undefined) {
    throw new ConfigError(
      'Microsoft Defender chooses by itself what it looks at: take [scan] out of agent.toml.',
    )
  }
  const engine = createDefender(config.engine ?? {}, clock)
  const mark = new DefenderMark(join(stateDir, 'engine', 'defender-scan'))
  return {
    // Defender is not ours to end.
    engine: { inspect: () => engine.inspect(), [Symbol.asyncDispose]: async () => {} },
    updateSignatures: updateOnOrder({ update: () => engine.updateSignatures() }),
    runScan: createDefenderRunner({ engine, mark, clock, config: policy }),
    endLeftovers: () => mark.endLeftover(engine, clock),
  }
}

/** By the programs that Microsoft has for this system, or by those that are configured. */
function createDefender(
  { mpCmdRun, powerShell, mdatp }: NonNullable<AgentConfig['engine']>,
  clock: Clock,
): DefenderEngine {
  const isWindows = process.platform === 'win32' || (mpCmdRun !== undefined && powerShell !== undefined)
  if (isWindows) {
    const found = findWindowsPrograms(process.env)
    const programs = { mpCmdRun: mpCmdRun ?? found.mpCmdRun, powerShell: powerShell ?? found.powerShell }
    return createWindowsDefender(programs, { clock })
  }
  const program = mdatp ?? findMdatp()
  if (program !== undefined) return createMdatpDefender(program, { clock })
  throw new ConfigError(
    'engine.kind is "defender", and Microsoft has none for this system; use "clamav" here.',
  )
}
