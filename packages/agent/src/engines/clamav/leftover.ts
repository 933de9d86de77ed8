import { existsSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import { LazySchema } from '../../kit/lazy-schema.ts'
import { commandLine, identifyProcess, isSameProcess } from '../../os/process-identity.ts'
import { removeStage } from './runtime-folder.ts'
import { endOrphan } from './supervised-process.ts'

const Leftover = Type.Object({
  /** Absent where the system does not tell processes apart well enough to end one by its record. */
  process: Type.Optional(
    Type.Object({ pid: Type.Integer({ minimum: 2 }), startTicks: Type.String(), bootId: Type.String() }),
  ),
  stageDir: Type.String(),
  temporaryDir: Type.String(),
})
type Leftover = Static<typeof Leftover>
const leftover = new LazySchema(Leftover)

/** Writes down what an agent that is killed now would leave behind. */
export async function recordEngine(
  runtimeDir: string,
  engine: { pid: number | undefined; stageDir: string; temporaryDir: string },
): Promise<void> {
  const identity = engine.pid === undefined ? undefined : identifyProcess(engine.pid)
  const { stageDir, temporaryDir } = engine
  const record: Leftover = { stageDir, temporaryDir, ...(identity && { process: identity }) }
  const path = recordIn(runtimeDir)
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/**
 * Ends the clamd that an earlier agent left behind, and clears up after it.
 *
 * A process is ended only if number, start time and boot are those of the record, and it was started with our own
 * configuration file: nothing else that happens to have the number.
 *
 * @returns false when there is no record of any
 */
export async function endLeftover(runtimeDir: string, configFile: string): Promise<boolean> {
  if (!existsSync(recordIn(runtimeDir))) return false
  const text = await readFile(recordIn(runtimeDir), 'utf8')
  const record = parseRecord(text)
  const identity = record?.process
  if (identity && isSameProcess(identity, identifyProcess(identity.pid))) {
    if (commandLine(identity.pid).includes(configArgument(configFile))) await endOrphan(identity)
  }
  if (record) await removeStage(runtimeDir, record)
  await rm(recordIn(runtimeDir), { force: true })
  return true
}

/** The argument by which our own clamd is known. */
export function configArgument(configFile: string): string {
  return `--config-file=${configFile}`
}

function parseRecord(text: string): Leftover | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return leftover.Check(value) ? value : undefined
  } catch {
    // Cut off by a crash while it was written: it names nobody.
    return undefined
  }
}

function recordIn(runtimeDir: string): string {
  return join(runtimeDir, 'engine.json')
}
