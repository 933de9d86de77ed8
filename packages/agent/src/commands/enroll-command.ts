import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { decodeEnrollmentToken, type EnrollAnswer } from '@fleetsweep/protocol'
import { enroll } from '../enrollment/enroll.ts'
import { readServerAddress } from '../enrollment/server-address.ts'
import { takeInventory } from '../inventory.ts'
import { LocalLog } from '../local-log/index.ts'
import { makePrivateFolder } from '../os/durable-file.ts'
import { lockState } from '../os/state-lock.ts'
import { type CommandContext, CommandError, UsageError } from './program.ts'
import { whoAsks } from './who-asks.ts'

export type EnrollArguments = {
  server: string | undefined
  token: string | undefined
  ca: string | undefined
  insecureHttp: boolean
  newKey: boolean
}

const OUTCOME_WORDS: Record<EnrollAnswer['outcome'], string> = {
  new: 'Enrolled as the new machine',
  same: 'Enrolled again as the same machine',
  replaced: 'Enrolled in place of the machine',
}

/** `fleetsweep-agent enroll`: gives this machine an identity. */
export async function runEnrollCommand(context: CommandContext, args: EnrollArguments): Promise<void> {
  const { io, host, parts, stateDir, config, policy, logger, env } = context
  const { clock } = parts
  if (args.server === undefined) throw new UsageError('Say which server: --server https://fleet.example.com')
  const address = readServerAddress(args.server, args.insecureHttp)
  if (address.kind === 'refused') throw new UsageError(address.reason)
  const text = args.token ?? env.FLEETSWEEP_ENROLLMENT_TOKEN
  if (text === undefined) {
    throw new UsageError(
      'Give an enrollment token: --token fse1.… or the variable FLEETSWEEP_ENROLLMENT_TOKEN.',
    )
  }
  const token = decodeEnrollmentToken(text)
  if (token === undefined) {
    throw new UsageError(
      'This is not an enrollment token. One begins with "fse1." and must be whole; make a new one on the server.',
    )
  }
  makePrivateFolder(stateDir)
  using lock = lockState(stateDir)
  if (lock === undefined) {
    throw new CommandError(`An agent is running on ${stateDir}. Stop it, enroll, and start it again.`)
  }
  await using engine = parts.scanning({
    stateDir,
    config,
    policy,
    host,
    clock,
    random: parts.random,
    logger,
  }).engine
  const log = new LocalLog(stateDir, clock, logger)
  const action = { actionId: `local-${randomUUID()}`, verb: 'enroll', origin: 'local' } as const
  const asked = { requestor: whoAsks(), comment: null, scanType: null, subjects: [address.origin] }
  log.asked({ ...action, ...asked })
  const { identity, outcome } = await enroll({
    stateDir,
    host,
    origin: address.origin,
    insecureHttp: args.insecureHttp,
    newKey: args.newKey,
    token,
    caPem: args.ca === undefined ? undefined : readCa(args.ca),
    inventory: (osIdentity) => takeInventory(host, engine, osIdentity),
    logger,
  }).catch((error: unknown) => {
    log.ended({
      ...action,
      ending: 'failed',
      sentence: error instanceof Error ? error.message : String(error),
      report: null,
    })
    throw error
  })
  const sentence = `${OUTCOME_WORDS[outcome]} ${identity.machineId} of ${identity.serverUrl}.`
  log.ended({ ...action, ending: 'done', sentence, report: null })
  io.stdout(`${sentence}\n`)
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new UsageError(`The certificate authority ${path} cannot be read.`, { cause })
  }
}
