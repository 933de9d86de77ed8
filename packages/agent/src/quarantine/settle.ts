import { type BigIntStats, lstatSync } from 'node:fs'
import { errorCode } from '../scan/error-code.ts'
import { type OpenFolder, openFolderOf } from './open-folder.ts'
import { nowMs, type QuarantineRoom } from './quarantine-parts.ts'
import { pathOf, type QuarantineRecord } from './quarantine-record.ts'
import { SetAside } from './set-aside.ts'

/**
 * Brings a record to rest, whatever stage it is found in; also the last step of every ordinary way.
 *
 * @returns `undefined` when the file was left where it was
 */
export function settle(room: QuarantineRoom, record: QuarantineRecord): QuarantineRecord | undefined {
  switch (record.stage) {
    case 'copying':
      room.files.drop(record.id)
      return undefined
    case 'removing':
      return settleRemoval(room, record)
    case 'restoring':
    case 'placing':
      return settleRestoring(room, record)
    case 'restored':
      room.files.dropCopy(record.id)
      return record
    case 'quarantined':
      return record
  }
}

function settleRemoval(room: QuarantineRoom, record: QuarantineRecord): QuarantineRecord | undefined {
  const outcome = inFolderOf(pathOf(record), (folder, name) => {
    using aside = SetAside.open(folder, record.id)
    const found = aside.stats()
    if (found === undefined) return isSame(lstatOf(folder.at(name)), record) ? 'kept' : 'gone'
    if (isSame(found, record)) {
      aside.drop()
      return 'gone'
    }
    aside.putBack(name)
    return 'kept'
  })
  if (outcome === 'kept') {
    room.files.drop(record.id)
    return undefined
  }
  room.parts.onStep?.('removed')
  return keep(room, { ...record, stage: 'quarantined' })
}

function settleRestoring(room: QuarantineRoom, record: QuarantineRecord): QuarantineRecord {
  const target = Buffer.from(record.restorePathBase64 ?? record.pathBase64, 'base64')
  const isPlaced = inFolderOf(target, (folder, name) => {
    using aside = SetAside.open(folder, record.id)
    const placed = record.stage === 'placing' && isSame(lstatOf(folder.at(name)), record)
    aside.drop()
    return placed
  })
  if (isPlaced !== true) return keep(room, { ...record, stage: 'quarantined' })
  const restored = keep(room, { ...record, stage: 'restored', restoredAtMs: nowMs(room.parts) })
  room.parts.onStep?.('restored')
  room.files.dropCopy(record.id)
  return restored
}

function keep({ files }: QuarantineRoom, record: QuarantineRecord): QuarantineRecord {
  files.write(record)
  return record
}

/** @returns `undefined` where the folder is not there any more */
function inFolderOf<Result>(
  path: Buffer,
  use: (folder: OpenFolder, name: Buffer) => Result,
): Result | undefined {
  let opened: ReturnType<typeof openFolderOf>
  try {
    opened = openFolderOf(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error))) return undefined
    throw error
  }
  using folder = opened.folder
  return use(folder, opened.name)
}

function lstatOf(path: Buffer): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

/**
 * True for the file of the record with the content that it had. The number of the device does not count: it may be
 * another after a restart, and within one folder there is only one.
 */
function isSame(stats: BigIntStats | undefined, record: QuarantineRecord): boolean {
  return (
    stats?.isFile() === true &&
    String(stats.ino) === record.inode &&
    Number(stats.size) === record.sizeBytes &&
    String(stats.mtimeNs) === record.modifiedNs
  )
}
