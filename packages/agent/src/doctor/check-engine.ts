import { tmpdir } from 'node:os'
import { type Clock, formatInstant, type Instant, type Inventory, signatureState } from '@fleetsweep/protocol'
import type { AgentConfig } from '../config/agent-config.ts'
import { estimateMemoryBytes, lackOfRoom, lookAtExistingClamd } from '../engines/index.ts'
import type { UpdateRecord } from '../signatures/index.ts'
import { countWords, signatureWords } from '../status/words.ts'
import { fail, messageOf, pass, type Result, warn } from './finding.ts'

const MIB = 1024 * 1024

type InspectedEngine = Inventory['engine']

/** The engine's program is there; for a clamd of somebody else, that it answers and looks at everything. */
export async function checkEngineProgram(
  engine: InspectedEngine,
  { engine: config = {} }: AgentConfig,
  clock: Clock,
): Promise<Result[]> {
  if (config.existing !== undefined) return await checkExisting(config.existing, clock)
  if (engine.state === 'missing') {
    const where =
      config.clamd === undefined
        ? 'There is no clamd on this machine.'
        : `There is no clamd at ${config.clamd}.`
    const todo =
      'Install it: clamav-daemon (Debian, Ubuntu), clamd (Fedora), clamav (openSUSE), or set engine.clamd.'
    return [
      engine.name === 'ClamAV' ? fail(where, todo) : fail(`${engine.name} is not installed.`, 'Install it.'),
    ]
  }
  // What it unpacks goes there, unless it runs in the agent's own folder or memory has room for it.
  const lack = engine.name === 'ClamAV' ? lackOfRoom(tmpdir()) : undefined
  return [
    pass(`${engine.name} ${engine.version ?? ''} is installed.`),
    ...(lack === undefined
      ? []
      : [warn(`The engine may not be able to unpack: ${lack}.`, 'Make room there.')]),
  ]
}

/** There are signatures, they are ClamAV's own and in date, and somebody keeps them so. */
export function checkSignatures(
  { name, signatures }: InspectedEngine,
  updates: UpdateRecord | undefined,
  now: Instant,
): Result[] {
  const todo = 'Let freshclam fetch them, or see docs/signatures.md for mirrors.'
  if (signatures === null) return [fail(`${name} has no signatures, so it can find nothing.`, todo)]
  const words = signatureWords(signatures, now)
  const state = signatureState(signatures, now)
  const failed =
    updates?.error === undefined || updates.error === null
      ? []
      : [warn(`The last update failed. ${updates.error}`, triedWords(updates))]
  if (state === 'inDate') return [pass(`${words}.`), ...failed]
  const why =
    state === 'old' ? 'A scan by old signatures is never called clean.' : 'These find test files only.'
  return [warn(`${words}. ${why}`, todo), ...failed]
}

/** What the signatures need is free. Nothing to say of an engine that others run. */
export function checkMemory(
  { name, signatures }: InspectedEngine,
  { engine: config = {} }: AgentConfig,
  { isRunning, availableBytes }: { isRunning: boolean; availableBytes: number },
): Result[] {
  if (name !== 'ClamAV' || signatures === null || config.existing !== undefined) return []
  const needed = estimateMemoryBytes(signatures.count)
  const [need, have] = [needed, availableBytes].map((bytes) => `${countWords(Math.round(bytes / MIB))} MiB`)
  const words = `The engine takes about ${need}; ${have} are free`
  if (needed <= availableBytes) return [pass(`${words}.`)]
  if (isRunning) return [pass(`${words}, and it may be running already.`)]
  return [fail(`${words}. A scan would fail.`, 'Free some, or add swap.')]
}

async function checkExisting(configFile: string, clock: Clock): Promise<Result[]> {
  try {
    const { version, socketPath, limits, untold } = await lookAtExistingClamd({ configFile }, { clock })
    const largest = countWords(Math.floor(limits.maxFileSizeBytes / MIB))
    return [
      pass(
        `clamd ${version} of ${configFile} answers at ${socketPath}; it takes files up to ${largest} MiB.`,
      ),
      ...untold.map((sentence) =>
        warn(sentence, `Change it in ${configFile}; until then no scan is called clean.`),
      ),
    ]
  } catch (error) {
    return [fail(messageOf(error), `Look at ${configFile} and its clamd, or leave engine.existing out.`)]
  }
}

function triedWords({ triedAt, succeededAt }: UpdateRecord): string {
  const at = (moment: number | null) => (moment === null ? 'never' : formatInstant(moment as Instant))
  return `It was tried at ${at(triedAt)}, and last succeeded ${at(succeededAt)}; the agent tries again by itself.`
}
