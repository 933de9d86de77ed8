import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const REPLACE_ATTEMPTS = 20
const REPLACE_PAUSE_MS = 25

/**
 * Writes a file that is there whole or not at all, also after a power cut, readable by its owner only.
 * When this returns, content and name are on disk.
 */
export function writeDurably(path: string, content: string): void {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`)
  const file = openSync(temporary, 'w', 0o600)
  try {
    writeSync(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  replaceFile(temporary, path)
  syncFolder(folder)
}

/**
 * Gives a file the name of another, which goes. On Windows that is refused for as long as somebody has the other open,
 * such as a program that looks at the status, or a scanner that looks at everything: then it is tried again.
 */
export function replaceFile(from: string, to: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(from, to)
      return
    } catch (error) {
      if (attempt === REPLACE_ATTEMPTS || !isOpenElsewhere(error)) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REPLACE_PAUSE_MS)
    }
  }
}

function isOpenElsewhere(error: unknown): boolean {
  if (process.platform !== 'win32' || !(error instanceof Error && 'code' in error)) return false
  return error.code === 'EPERM' || error.code === 'EACCES' || error.code === 'EBUSY'
}

/**
 * Gives a file that must not be used any more another name in its folder; the change is on disk when this returns.
 *
 * @returns where it is now
 */
export function setAside(path: string): string {
  let number = 1
  while (existsSync(`${path}.set-aside-${number}`)) number++
  const target = `${path}.set-aside-${number}`
  replaceFile(path, target)
  syncFolder(dirname(path))
  return target
}

/**
 * Puts what a folder lists on disk: a file's own sync does not cover its name. Windows has no such call; NTFS keeps a
 * journal of names, which may lack the last of them after a power cut.
 */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Makes a folder, and those above it, that only its owner can enter. */
export function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}
