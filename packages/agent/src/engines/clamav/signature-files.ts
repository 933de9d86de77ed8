import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import {
  DATABASE_HEADER_BYTES,
  type DatabaseHeader,
  parseDatabaseHeader,
  type SignatureSet,
} from '@fleetsweep/protocol'

/** Files that clamd loads from its database folder, and whether their lines are signatures or something about them. */
const TEXT_SIGNATURES = new Set(
  '.ndb .ndu .hdb .hdu .hsb .hsu .mdb .mdu .msb .msu .ldb .ldu .cdb .idb .imp .pdb .gdb .zmd .rmd .db'.split(
    ' ',
  ),
)
const BESIDE_SIGNATURES = new Set(
  '.fp .sfp .ign .ign2 .cfg .cbc .ftm .wdb .crb .cat .pwdb .info .ioc'.split(' '),
)
const YARA = new Set(['.yar', '.yara'])
const CONTAINERS = new Set(['.cvd', '.cld', '.cud'])

const READ_ATTEMPTS = 3

/** Signatures on disk, and a cheap mark that changes when any file of them does. */
export type SignatureFiles = { set: SignatureSet; names: string[]; stamp: string }

/**
 * Reads the signatures of a database folder; a missing folder holds none.
 *
 * @param known what was read before: returned as it is while no file has changed since
 */
export async function readSignatureFiles(folder: string, known?: SignatureFiles): Promise<SignatureFiles> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(folder, known)
    } catch (error) {
      // An update replaces files while we look.
      if (attempt === READ_ATTEMPTS || !isMissing(error)) throw error
    }
  }
}

async function readOnce(folder: string, known: SignatureFiles | undefined): Promise<SignatureFiles> {
  const names = await listDatabaseFiles(folder)
  const stamp = await stampFiles(folder, names)
  if (known?.stamp === stamp) return known
  const identity = createHash('sha256')
  let count = 0
  const official = new Map<string, { version: string; builtAt: string | null }>()
  for (const name of names) {
    const path = join(folder, name)
    const content = createHash('sha256')
    for await (const chunk of createReadStream(path)) content.update(chunk)
    identity.update(`${name}\0${content.digest('hex')}\n`)
    const extension = extensionOf(name)
    if (CONTAINERS.has(extension)) {
      const header = await readContainerHeader(path)
      count += header?.count ?? 0
      if (header && extension !== '.cud') official.set(name.slice(0, -4), header)
    } else if (TEXT_SIGNATURES.has(extension)) {
      count += await countLines(path, (line) => line !== '' && !line.startsWith('#'))
    } else if (YARA.has(extension)) {
      count += await countLines(path, (line) => /^\s*(?:(?:private|global)\s+)*rule\s/.test(line))
    }
  }
  const daily = official.get('daily')
  const set: SignatureSet = {
    // `daily` is what ages, `main` is the bulk; without either most of the official signatures are missing. Whether a
    // .cvd is really signed is checked by clamd, which does not start with a false one.
    official: daily !== undefined && official.has('main'),
    version: daily?.version ?? null,
    builtAt: daily?.builtAt ?? null,
    count,
    identity: identity.digest('hex'),
  }
  return { set, names, stamp }
}

async function readContainerHeader(path: string): Promise<DatabaseHeader | undefined> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(DATABASE_HEADER_BYTES))
    return parseDatabaseHeader(buffer.toString('latin1', 0, bytesRead))
  } finally {
    await file.close()
  }
}

async function listDatabaseFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter(isDatabaseFile).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function isDatabaseFile(name: string): boolean {
  const extension = extensionOf(name)
  return (
    !name.startsWith('.') &&
    [CONTAINERS, TEXT_SIGNATURES, BESIDE_SIGNATURES, YARA].some((extensions) => extensions.has(extension))
  )
}

async function stampFiles(folder: string, names: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    names.map(async (name) => {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(join(folder, name), { bigint: true })
      return [name, dev, ino, size, mtimeNs, ctimeNs].join(':')
    }),
  )
  return parts.join('\n')
}

async function countLines(path: string, counts: (line: string) => boolean): Promise<number> {
  let lines = 0
  for await (const line of createInterface({ input: createReadStream(path) })) if (counts(line)) lines++
  return lines
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.')).toLowerCase()
}
