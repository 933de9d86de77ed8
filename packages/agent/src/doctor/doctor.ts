import type { CommandContext } from '../commands/program.ts'
import { readIdentity } from '../enrollment/identity-file.ts'
import { isStateLocked } from '../os/state-lock.ts'
import { checkEngineProgram, checkMemory, checkSignatures } from './check-engine.ts'
import { checkConfiguration, checkIdentity, checkStateFolder } from './check-files.ts'
import { checkServer } from './check-server.ts'
import { checkMounts, checkNativeCalls, checkRunning, checkUnit, checkUser } from './check-system.ts'
import { type Finding, fail, messageOf, type Result } from './finding.ts'

/** Looks at everything that the agent needs. Starts, changes and tells nothing; the server is asked one open question. */
export async function examine(context: CommandContext): Promise<Finding[]> {
  const { stateDir, host, config, parts } = context
  const { clock } = parts
  const findings: Finding[] = []
  const check = async (name: string, look: () => Result[] | Promise<Result[]>) => {
    let results: Result[]
    try {
      results = await look()
    } catch (error) {
      results = [fail(`It cannot be looked at: ${messageOf(error)}`, 'Ask as the user who runs the agent.')]
    }
    findings.push(...results.map((result) => ({ check: name, ...result })))
  }
  await check('configuration', () => checkConfiguration(context))
  await check('user', () => checkUser(host.isRoot))
  await check('state folder', () => checkStateFolder(context))
  await check('identity', () => checkIdentity(context))
  await check('agent', () => checkRunning(stateDir))
  const server = await askServer(context)
  await check('server', () => server.server)
  await check('clock', () => server.clock)
  await check('engine', async () => {
    const scanning = parts.scanning({ ...context, clock, random: parts.random })
    await using _engine = scanning.engine
    await using updater = scanning.updater
    const engine = await scanning.engine.inspect()
    const isRunning = isStateLocked(stateDir)
    const availableBytes = process.availableMemory()
    await check('signatures', () => checkSignatures(engine, updater?.record, clock.now()))
    await check('memory', () => checkMemory(engine, config, { isRunning, availableBytes }))
    return await checkEngineProgram(engine, config, clock)
  })
  await check('system calls', checkNativeCalls)
  await check('mounts', checkMounts)
  await check('service', () => checkUnit(host.isRoot))
  return findings
}

async function askServer({ stateDir, host, parts }: CommandContext) {
  try {
    const stored = await readIdentity(stateDir, host)
    return await checkServer(stored.kind === 'enrolled' ? stored.identity : undefined, parts.clock)
  } catch {
    // That the identity cannot be read is said in its own line.
    return { server: [], clock: [] }
  }
}
