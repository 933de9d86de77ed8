import { chmod, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { safeText } from '@fleetsweep/client'
import { Check } from 'typebox/value'
import type { CliIo } from '../cli-io.ts'
import { CommandError } from '../command.ts'
import { withFileLock } from './file-lock.ts'
import { KeptSignIn } from './kept-sign-in.ts'

const OTHERS_MAY = 0o077

/**
 * The file that holds a person's sign-in between commands: theirs alone, in a folder that is theirs alone.
 *
 * Whoever changes it does so inside `alone`, so that two commands at once never renew one sign-in twice.
 */
export class SignInFile {
  readonly path: string
  readonly #io: Pick<CliIo, 'runtime' | 'signal'>

  constructor(io: CliIo) {
    this.path = join(configFolder(io.env), 'fleetsweep', 'sign-in.json')
    this.#io = io
  }

  /**
   * @returns undefined when nobody is signed in
   * @throws CommandError when it could have been read or written by others, or holds something else
   */
  async read(): Promise<KeptSignIn | undefined> {
    const found = await this.#readText()
    if (!found) return undefined
    if (found.danger !== undefined) {
      throw new CommandError(
        `${this.path} ${found.danger}. Whoever saw it can act in your name: end that sign-in with fleetsweep logout, then sign in again.`,
      )
    }
    const kept = parse(found.text)
    if (kept) return kept
    throw new CommandError(`${this.path} holds no sign-in. Write it anew with: fleetsweep login`)
  }

  /** What can be read of a file that is about to go, whoever may have seen it. */
  async readToEnd(): Promise<KeptSignIn | undefined> {
    const found = await this.#readText()
    return found && parse(found.text)
  }

  /** Replaces the file: after a crash it holds all of the old or all of the new. */
  async write(kept: KeptSignIn): Promise<void> {
    const temporary = `${this.path}.${process.pid}.new`
    await rm(temporary, { force: true })
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(`${JSON.stringify(kept, null, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, this.path)
    await syncFolder(dirname(this.path))
  }

  remove(): Promise<void> {
    return rm(this.path, { force: true })
  }

  /** Runs `work` while no other command changes the file. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    await makePrivate(dirname(this.path))
    const { runtime, signal } = this.#io
    return withFileLock(`${this.path}.lock`, { clock: runtime.clock, signal }, work)
  }

  async #readText(): Promise<{ text: string; danger: string | undefined } | undefined> {
    const file = await openIfThere(this.path)
    if (!file) return undefined
    try {
      return { danger: await dangerOf(file), text: await file.readFile('utf8') }
    } finally {
      await file.close()
    }
  }
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ which wants relative paths ignored */
function configFolder({ XDG_CONFIG_HOME: folder = '' }: CliIo['env']): string {
  return isAbsolute(folder) ? folder : join(homedir(), '.config')
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new CommandError(`Your sign-in cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

async function makePrivate(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
  } catch (cause) {
    throw new CommandError(`Your sign-in cannot be kept: ${reasonOf(cause)}`, { cause })
  }
}

function reasonOf(cause: unknown): string {
  return safeText(cause instanceof Error ? cause.message : String(cause))
}

/** What is wrong with the file that was opened, by its owner and mode; Windows has neither. */
async function dangerOf(file: FileHandle): Promise<string | undefined> {
  const me = process.getuid?.()
  if (me === undefined) return undefined
  const { uid, mode } = await file.stat()
  if (uid !== me) return 'belongs to somebody else'
  return (mode & OTHERS_MAY) === 0 ? undefined : `is open to others (mode ${(mode & 0o777).toString(8)})`
}

function parse(text: string): KeptSignIn | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Check(KeptSignIn, value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A rename is on disk once its folder is. */
async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and orders its renames itself.
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
