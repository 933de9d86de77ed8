import { type BigIntStats, constants, fstatSync, renameSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { isSame, markOf } from '../scan/file-mark.ts'
import { type OpenFolder, openFolderOf } from './open-folder.ts'
import { nowMs, type QuarantineRoom, Refusal, type TakeRequest } from './quarantine-parts.ts'
import type { QuarantineRecord } from './quarantine-record.ts'
import { seal, sealedBytes, unseal } from './sealed-copy.ts'
import { SetAside } from './set-aside.ts'
import { settle } from './settle.ts'

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants

/**
 * Moves a file into quarantine.
 *
 * @throws Refusal when it stays where it is
 */
export async function takeFile(
  room: QuarantineRoom,
  id: string,
  request: TakeRequest,
): Promise<QuarantineRecord> {
  const { parts, files } = room
  const { attributes, onStep } = parts
  const { folder, name, path } = openFolderOf(request.path)
  using _folder = folder
  await using file = await open(folder.at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  const stats = fstatSync(file.fd, { bigint: true })
  await mayTake(room, request, path, stats, folder)
  const copying: QuarantineRecord = {
    version: 1,
    id,
    stage: 'copying',
    pathBase64: path.toString('base64'),
    device: String(stats.dev),
    inode: String(stats.ino),
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    accessedNs: String(stats.atimeNs),
    modifiedNs: String(stats.mtimeNs),
    xattrs: [...attributes.readXattrs(file.fd)].map(([key, value]) => ({
      name: key,
      base64: value.toString('base64'),
    })),
    otherNames: Number(stats.nlink) - 1,
    sizeBytes: Number(stats.size),
    sha256: null,
    threatName: request.threatName,
    actionId: request.actionId,
    takenBy: request.takenBy,
    takenAtMs: nowMs(parts),
  }
  files.write(copying)
  onStep?.('copyBegun')
  const sha256 = await copyFile(room, id, file)
  onStep?.('copied')
  // The copy is of the file that was judged only if that did not change until it was read to its end.
  if (!isSame(fstatSync(file.fd, { bigint: true }), stats)) throw new Refusal('It changed meanwhile.')
  if (request.sha256 !== undefined && request.sha256 !== sha256)
    throw new Refusal('It holds something else now than when it was judged.')
  const removing: QuarantineRecord = { ...copying, stage: 'removing', sha256 }
  files.write(removing)
  onStep?.('removing')
  {
    using aside = SetAside.open(folder, id)
    renameSync(folder.at(name), aside.path)
    onStep?.('setAside')
  }
  const settled = settle(room, removing)
  if (settled === undefined) throw new Refusal('It was exchanged or changed meanwhile.')
  return settled
}

async function mayTake(
  { parts, files }: QuarantineRoom,
  request: TakeRequest,
  path: Buffer,
  stats: BigIntStats,
  folder: OpenFolder,
): Promise<void> {
  const { ownFolders, readMounts, packageOwner, maxBytes } = parts
  if (!stats.isFile()) throw new Refusal('It is no ordinary file.')
  if (request.mark !== undefined && markOf(stats) !== request.mark)
    throw new Refusal('It is not the file any more that was judged.')
  const text = path.toString('latin1')
  const isOwn = ownFolders.some((own) => text.startsWith(`${Buffer.from(own).toString('latin1')}/`))
  if (isOwn) throw new Refusal('It is a file of the agent itself.')
  if (readMounts().holding(text)?.isLocal !== true) throw new Refusal('Its file system is not local.')
  if (stats.dev !== fstatSync(folder.descriptor, { bigint: true }).dev)
    throw new Refusal('Something is mounted in its place.')
  if (files.bytes() + sealedBytes(Number(stats.size)) > maxBytes) throw new Refusal('The quarantine is full.')
  const owner = request.force ? undefined : await packageOwner(path)
  if (owner === 'noAnswer') throw new Refusal('The package manager does not say whether the file is its own.')
  if (owner !== undefined) throw new Refusal(`It belongs to a package (${owner}); force it if you are sure.`)
}

/** Writes the copy, puts it on disk, and reads it back from there. */
async function copyFile({ files }: QuarantineRoom, id: string, file: FileHandle): Promise<string> {
  await using copy = await open(files.copyPath(id), O_RDWR | O_CREAT | O_EXCL, 0o600)
  const { sha256 } = await seal(file, copy, files.key)
  await copy.sync()
  files.sync()
  const readBack = await unseal(copy, files.key, async () => {})
  if (readBack !== sha256) throw new Error('The copy in quarantine does not read back as it was written.')
  return sha256
}
