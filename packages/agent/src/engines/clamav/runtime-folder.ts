import { chmod, chown, copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { listUserAccounts, type UserAccount } from '../../os/user-accounts.ts'
import { EngineError } from '../engine.ts'
import { MEMORY_FOLDER } from './memory-folder.ts'

/** sockaddr_un holds no more, with its final NUL. */
const MAX_SOCKET_PATH_BYTES = 107
const STAGE_PREFIX = 'fleetsweep-engine-'

/** Where one clamd lives: the folders that it may use, and as whom it runs. */
export type RuntimeFolder = {
  /** Holds socket/ and, where they are not elsewhere, tmp/ and signatures/. */
  stageDir: string
  socketPath: string
  /** In `stageDir`, or a folder of its own in memory. */
  temporaryDir: string
  /** Set when we are root: whom clamd becomes. */
  account: UserAccount | undefined
}

/**
 * Prepares the folders of a clamd that is about to start.
 *
 * The agent's own folder is often closed to the unprivileged user, and its path may be too long for a socket; then
 * the folders that clamd needs are made in the system's temporary folder, for this run.
 *
 * @param options.memoryFolder where files live in memory, for those that clamd unpacks
 */
export async function prepareRuntimeFolder(
  runtimeDir: string,
  { userName, memoryFolder }: { userName?: string | undefined; memoryFolder?: string | undefined } = {},
): Promise<RuntimeFolder> {
  const account = process.getuid?.() === 0 ? findEngineAccount(userName) : undefined
  await mkdir(runtimeDir, { recursive: true })
  // The configuration and the record of the process stay the agent's: an engine taken over by a file that it parsed
  // must not be able to change them.
  await chmod(runtimeDir, account ? 0o711 : 0o700)
  const fits = Buffer.byteLength(socketIn(runtimeDir)) <= MAX_SOCKET_PATH_BYTES
  const stageDir =
    fits && (await canReach(runtimeDir, account)) ? runtimeDir : await mkdtemp(join(tmpdir(), STAGE_PREFIX))
  if (account) await chmod(stageDir, 0o711)
  if (!(await canReach(stageDir, account))) {
    throw new EngineError(
      'engineDoesNotStart',
      `The engine runs as the user ${account?.name}, who cannot reach ${stageDir}.`,
    )
  }
  const socketDir = await makeAnew(join(stageDir, 'socket'))
  const temporaryDir =
    memoryFolder === undefined
      ? await makeAnew(join(stageDir, 'tmp'))
      : await mkdtemp(join(memoryFolder, STAGE_PREFIX))
  if (account) {
    for (const folder of [socketDir, temporaryDir]) await chown(folder, account.uid, account.gid)
  }
  return { stageDir, socketPath: socketIn(stageDir), temporaryDir, account }
}

/** Those that were made for this run, outside the agent's own folder: two at most. */
export function foldersOfOneRun(folders: Pick<RuntimeFolder, 'stageDir' | 'temporaryDir'>): string[] {
  const isMade = (folder: string) =>
    [tmpdir(), MEMORY_FOLDER].includes(dirname(folder)) && basename(folder).startsWith(STAGE_PREFIX)
  return [folders.stageDir, folders.temporaryDir].filter(isMade)
}

/** Takes away what `prepareRuntimeFolder` made; the agent's own folder itself stays. */
export async function removeStage(
  runtimeDir: string,
  { stageDir, temporaryDir }: Pick<RuntimeFolder, 'stageDir' | 'temporaryDir'>,
): Promise<void> {
  for (const folder of foldersOfOneRun({ stageDir, temporaryDir })) {
    await rm(folder, { recursive: true, force: true })
  }
  if (stageDir !== runtimeDir) return
  for (const folder of ['socket', 'tmp', 'signatures']) {
    await rm(join(stageDir, folder), { recursive: true, force: true })
  }
}

/**
 * The database folder as clamd will see it: the original where its user may read that, else a copy of the named files.
 */
export async function makeReadable(
  databaseDir: string,
  names: readonly string[],
  { stageDir, account }: RuntimeFolder,
): Promise<string> {
  const paths = names.map((name) => join(databaseDir, name))
  const readable = await Promise.all([
    canReach(databaseDir, account),
    allows(databaseDir, account, 4),
    ...paths.map((path) => allows(path, account, 4)),
  ])
  if (readable.every(Boolean)) return databaseDir
  const copyDir = join(stageDir, 'signatures')
  await rm(copyDir, { recursive: true, force: true })
  await mkdir(copyDir, { mode: 0o755 })
  for (const name of names) {
    await copyFile(join(databaseDir, name), join(copyDir, name))
    await chmod(join(copyDir, name), 0o644)
  }
  return copyDir
}

async function makeAnew(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { mode: 0o700 })
  return folder
}

function findEngineAccount(userName: string | undefined): UserAccount {
  const accounts = listUserAccounts()
  const wanted = userName === undefined ? ['clamav', 'nobody'] : [userName]
  const account = wanted.flatMap((name) => accounts.filter((one) => one.name === name))[0]
  if (!account || account.uid === 0) {
    throw new EngineError(
      'engineDoesNotStart',
      `There is no unprivileged user ${wanted.join(' or ')} for the engine.`,
    )
  }
  return account
}

/** True when the account may pass through every folder down to this one. */
async function canReach(folder: string, account: UserAccount | undefined): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    if (!(await allows(path, account, 1))) return false
    if (path === dirname(path)) return true
  }
}

/** @param bit 4 to read, 1 to pass through. Further groups of the account are left out: at worst we copy needlessly. */
async function allows(path: string, account: UserAccount | undefined, bit: 1 | 4): Promise<boolean> {
  if (!account) return true
  const { mode, uid, gid } = await stat(path)
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0
  return ((mode >> shift) & bit) !== 0
}

function socketIn(stageDir: string): string {
  return join(stageDir, 'socket', 'clamd.sock')
}
