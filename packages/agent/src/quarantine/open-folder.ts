import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs'
import { inFolder } from '../scan/reach-path.ts'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
const SLASH = 0x2f

/** An open folder: names in it mean the same folder whatever is renamed above it. */
export class OpenFolder implements Disposable {
  readonly descriptor: number

  constructor(descriptor: number) {
    this.descriptor = descriptor
  }

  /** The path of a name in here, for any call. */
  at(name: Buffer | string): Buffer {
    return inFolder(this.descriptor, Buffer.from(name))
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor)
  }
}

/**
 * Opens the folder of a file one name after the other, so that no symbolic link is followed and no length is too long.
 *
 * @throws Error with a `code` (`ELOOP`, `ENOTDIR`, `ENOENT`) where a part is a link, no folder or not there
 */
export function openFolderOf(path: Buffer): {
  folder: OpenFolder
  name: Buffer
  /** The path without needless slashes: the only one of this file, as no link is on the way. */
  path: Buffer
} {
  const names = splitPath(path)
  const plain = Buffer.concat(names.flatMap((part) => [Buffer.from('/'), part]))
  const name = names.pop()
  if (path[0] !== SLASH || name === undefined) throw new Error('The path of a file has to be absolute.')
  let folder = new OpenFolder(openSync('/', O_RDONLY | O_DIRECTORY))
  try {
    for (const part of names) {
      const next = new OpenFolder(openSync(folder.at(part), O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
      folder[Symbol.dispose]()
      folder = next
    }
    return { folder, name, path: plain }
  } catch (error) {
    folder[Symbol.dispose]()
    throw error
  }
}

/**
 * Makes a folder that only we can enter, in one that anybody may write to, or opens the one that is there.
 *
 * @throws Error when somebody else's folder has that name
 */
export function openPrivateFolder(parent: OpenFolder, name: string): OpenFolder {
  try {
    mkdirSync(parent.at(name), { mode: 0o700 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const folder = new OpenFolder(openSync(parent.at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
  const { uid, mode } = fstatSync(folder.descriptor)
  // Between making and opening it, who owns the parent may have put another in its place.
  if (uid === process.geteuid?.() && (mode & 0o077) === 0) return folder
  folder[Symbol.dispose]()
  throw new Error("A folder to work in was exchanged for somebody else's.")
}

/** The names on the way, checked to be plain ones. */
function splitPath(path: Buffer): Buffer[] {
  const names: Buffer[] = []
  for (let from = 0; from <= path.length; ) {
    const slash = path.indexOf(SLASH, from)
    const end = slash === -1 ? path.length : slash
    const name = path.subarray(from, end)
    if (name.equals(Buffer.from('.')) || name.equals(Buffer.from('..')))
      throw new Error('The path of a file may not hold "." or "..".')
    if (name.length > 0) names.push(name)
    from = end + 1
  }
  return names
}
