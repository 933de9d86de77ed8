import { accessSync, constants, existsSync, lstatSync, type Stats, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CommandContext } from '../commands/program.ts'
import { readIdentity } from '../enrollment/identity-file.ts'
import { readMountTable } from '../os/mount-table.ts'
import { fail, pass, type Result, warn } from './finding.ts'

type Files = Pick<CommandContext, 'configFile' | 'policyFile' | 'problems' | 'stateDir' | 'host'>

const MIB = 1024 * 1024
/** Journal, work list and ledger of a large machine take some hundred megabytes. */
const LITTLE_ROOM_BYTES = 500 * MIB
const NO_ROOM_BYTES = 20 * MIB

/** Configuration and policy are read, and by nobody else's hand. */
export function checkConfiguration({ configFile, policyFile, problems }: Files): Result[] {
  if (problems.length > 0)
    return problems.map((problem) => fail(problem, 'Correct the file; the agent does not start with it.'))
  const there = [configFile, policyFile].filter((path) => existsSync(path))
  const open = [...there, ...there.map((path) => dirname(path))].filter(isWritableByOthers)
  if (open.length > 0) {
    const names = [...new Set(open)].join(' ')
    return [
      fail(
        `Other users may change ${names}, and with that what is scanned.`,
        `chmod go-w ${names}; chown root ${names}`,
      ),
    ]
  }
  return [
    pass(there.length === 0 ? 'There is none; all is as it comes.' : `${there.join(' and ')} can be read.`),
  ]
}

/** The state folder is private, writable, on a disk of this machine, and has room. */
export function checkStateFolder({ stateDir }: Files): Result[] {
  if (!existsSync(stateDir))
    return [fail(`${stateDir} is not there.`, 'Enroll this machine, which makes it: fleetsweep-agent enroll')]
  const stats = lstatSync(stateDir)
  if (!stats.isDirectory()) return [fail(`${stateDir} is not a folder.`, 'Move it away and enroll again.')]
  try {
    accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    return [fail(`${stateDir} is not yours to use.`, 'Ask as the user who runs the agent.')]
  }
  const found = [...loosePermissions(stateDir, stats), ...lackOfRoom(stateDir)]
  const mount = readMountTable().holding(Buffer.from(stateDir).toString('latin1'))
  if (mount?.isLocal === false) {
    const says = `${stateDir} lies on ${mount.fileSystem}, where locks and syncs cannot be relied on.`
    found.push(warn(says, 'Name a folder on a disk of this machine: state = "…" in agent.toml.'))
  }
  return found.length > 0 ? found : [pass(`${stateDir} is private and has room.`)]
}

/** This machine is enrolled, with an identity that is its own. */
export async function checkIdentity({ stateDir, host }: Files): Promise<Result[]> {
  const enroll = 'Enroll it with: fleetsweep-agent enroll --server URL --token TOKEN'
  const stored = await readIdentity(stateDir, host)
  switch (stored.kind) {
    case 'enrolled':
      return [pass(`Machine ${stored.identity.machineId} of ${stored.identity.serverUrl}.`)]
    case 'none':
      return [fail('This machine is not enrolled.', enroll)]
    case 'unenrolled':
      return [fail('The enrollment of this machine was not finished.', enroll)]
    case 'foreign':
      return [fail('The identity was made on another machine and is not used.', enroll)]
    case 'unusable':
      return [fail(stored.reason, 'See the line before.')]
  }
}

function loosePermissions(stateDir: string, stats: Stats): Result[] {
  const uid = process.getuid?.()
  const private_ = ['identity.json', 'journal.db', 'control.sock', 'log'].map((name) => join(stateDir, name))
  const loose = private_.filter((path) => existsSync(path) && (lstatSync(path).mode & 0o077) !== 0)
  return [
    ...(stats.mode & 0o022 || (uid !== undefined && uid !== 0 && stats.uid !== uid)
      ? [fail(`Other users may change ${stateDir}.`, `chmod 700 ${stateDir}; chown it to who runs the agent`)]
      : []),
    ...(loose.length > 0
      ? [fail(`Other users may read ${loose.join(' ')}.`, `chmod go= ${loose.join(' ')}`)]
      : []),
  ]
}

function lackOfRoom(stateDir: string): Result[] {
  const { bavail, bsize } = statfsSync(stateDir)
  const bytes = bavail * bsize
  if (bytes >= LITTLE_ROOM_BYTES) return []
  const says = `The disk of ${stateDir} has ${Math.floor(bytes / MIB)} MiB left.`
  const todo = 'Make room: a scan that cannot write its work list fails.'
  return [bytes < NO_ROOM_BYTES ? fail(says, todo) : warn(says, todo)]
}

/** Whoever may write to it beside its owner, and an owner who is neither root nor the agent's user. */
function isWritableByOthers(path: string): boolean {
  const { mode, uid } = lstatSync(path)
  return (mode & 0o022) !== 0 || (uid !== 0 && uid !== process.getuid?.())
}
