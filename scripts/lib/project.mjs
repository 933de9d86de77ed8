// Where things are, and how the scripts speak. Everything in scripts/ runs before anything is installed: plain
// JavaScript, any Node from 20, no dependencies.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** What set-up brings that does not come from npm; never in git, safe to delete. */
export const stateDir = join(root, '.state')

/** For programs that would keep files in the home of whoever runs the scripts. */
export const ownHome = {
  XDG_DATA_HOME: join(stateDir, 'home/data'),
  XDG_CACHE_HOME: join(stateDir, 'home/cache'),
}

/** Tells the person at the terminal what is going on. On stderr: stdout belongs to results. */
export function say(text) {
  process.stderr.write(`${text}\n`)
}

/** A failure that the person can mend: its message says how, and no stack trace follows. */
export class SetUpError extends Error {}

/** Runs a script's main function: a failed command ends the process with its own exit code. */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error
    say(`\n${error.message}`)
    process.exitCode = 1
  }
}

/** Makes a file hold this text. A reader sees the old content or the new, never a part. */
export function writeIfChanged(path, content, mode = 0o644) {
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return
  mkdirSync(dirname(path), { recursive: true })
  const partial = `${path}.${process.pid}`
  writeFileSync(partial, content, { mode })
  renameSync(partial, path)
}
