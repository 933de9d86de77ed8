import { constants, fchmodSync, fchownSync, fstatSync, fsyncSync, linkSync, renameSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { openFolderOf } from './open-folder.ts'
import { type QuarantineParts, type QuarantineRoom, Refusal, type Restored } from './quarantine-parts.ts'
import type { QuarantineRecord } from './quarantine-record.ts'
import { unseal, writeAll } from './sealed-copy.ts'
import { SetAside } from './set-aside.ts'
import { settle } from './settle.ts'

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants

/**
 * Puts a file back, with owner, mode, times and attributes.
 *
 * @throws Refusal when it stays in quarantine
 */
export async function restoreFile(
  room: QuarantineRoom,
  held: QuarantineRecord,
  target: Buffer,
  overwrite: boolean,
): Promise<Restored> {
  const { parts, files } = room
  const { onStep, readMounts } = parts
  const { folder, name, path } = openFolderOf(target)
  using _folder = folder
  if (readMounts().holding(path.toString('latin1'))?.isLocal !== true)
    throw new Refusal('The file system of that place is not local.')
  const restoring: QuarantineRecord = {
    ...held,
    stage: 'restoring',
    restorePathBase64: path.toString('base64'),
  }
  files.write(restoring)
  onStep?.('restoring')
  using aside = SetAside.open(folder, held.id)
  aside.drop()
  await using file = await open(aside.path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  await using copy = await open(files.copyPath(held.id), O_RDONLY)
  const sha256 = await unseal(copy, files.key, (chunk) => writeAll(file, chunk))
  if (sha256 !== held.sha256) throw new Refusal('The copy is not what was put into quarantine.')
  const missing = giveAttributes(parts, file.fd, held)
  fsyncSync(file.fd)
  onStep?.('written')
  const placed = fstatSync(file.fd, { bigint: true })
  const placing: QuarantineRecord = {
    ...restoring,
    stage: 'placing',
    device: String(placed.dev),
    inode: String(placed.ino),
  }
  files.write(placing)
  onStep?.('placing')
  if (overwrite) renameSync(aside.path, folder.at(name))
  else linkSync(aside.path, folder.at(name))
  onStep?.('placed')
  const settled = settle(room, placing)
  if (settled?.stage !== 'restored') throw new Refusal('Its name was taken away meanwhile.')
  return { kind: 'restored', record: settled, missing }
}

/** Changing the owner clears mode bits and capabilities, changing the mode rewrites the access list: in this order. */
function giveAttributes(
  { attributes }: QuarantineParts,
  descriptor: number,
  held: QuarantineRecord,
): string[] {
  fchownSync(descriptor, held.uid, held.gid)
  const wanted = new Set(held.xattrs.map(({ name }) => name))
  // The folder may have handed down an access list that the file never had.
  for (const name of attributes.readXattrs(descriptor).keys()) {
    if (!wanted.has(name)) attributes.removeXattr(descriptor, name)
  }
  fchmodSync(descriptor, held.mode)
  const missing = held.xattrs
    .filter(({ name, base64 }) => !attributes.setXattr(descriptor, name, Buffer.from(base64, 'base64')))
    .map(({ name }) => name)
  attributes.setTimes(descriptor, BigInt(held.accessedNs), BigInt(held.modifiedNs))
  return missing
}
