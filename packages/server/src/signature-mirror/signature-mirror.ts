import { randomUUID } from 'node:crypto'
import { constants, copyFile, type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DATABASE_HEADER_BYTES, type DatabaseHeader, parseDatabaseHeader } from '@fleetsweep/protocol'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { replaceFile } from '../kit/replace-file.ts'

/**
 * The databases that ClamAV signs and freshclam asks for. Nothing else is mirrored: a `.cld`, which freshclam makes of
 * pieces, carries no signature any more, and freshclam asks a private mirror for no pieces.
 */
export const MIRRORED_FILES = ['main.cvd', 'daily.cvd', 'bytecode.cvd'] as const
export type MirroredFile = (typeof MIRRORED_FILES)[number]

/** A database that this server holds. */
export type MirroredDatabase = DatabaseHeader & { file: MirroredFile; sizeBytes: number }

/** An open database; whoever opened it closes it. */
export type OpenDatabase = { database: MirroredDatabase; handle: FileHandle }

/** What came of a file that somebody brought. */
export type Import =
  | { kind: 'taken' | 'alreadyHere'; database: MirroredDatabase }
  /** Nothing changed; the sentence is for people. */
  | { kind: 'refused'; sentence: string }

/** How looking for newer databases went so far; moments in ISO 8601. */
export const FetchRecord = Type.Object({
  triedAt: Type.String(),
  succeededAt: Type.Union([Type.String(), Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
})
export type FetchRecord = Static<typeof FetchRecord>
const fetchRecord = Compile(FetchRecord)

const FETCH_RECORD_FILE = 'fetched.json'

/** The folder of the signature databases that this server gives to its machines. */
export class SignatureMirror {
  readonly folder: string

  /** @param dataDir the folder is in it, and made when something is to be kept */
  constructor(dataDir: string) {
    this.folder = join(dataDir, 'signatures')
  }

  /** What is here. A file that is no database of ClamAV is none of it. */
  async list(): Promise<MirroredDatabase[]> {
    const found = await Promise.all(
      MIRRORED_FILES.map(async (file) => {
        const opened = await this.open(file)
        await opened?.handle.close()
        return opened?.database
      }),
    )
    return found.filter((database) => database !== undefined)
  }

  /** Opens a database; one that is replaced meanwhile stays as it was for whoever has it open. */
  async open(file: MirroredFile): Promise<OpenDatabase | undefined> {
    return openDatabaseFile(join(this.folder, file), file)
  }

  /**
   * Takes a file in, under its own name, when it is a database that ClamAV signed and is no older than what is here.
   *
   * @param check says why a file is not to be trusted, undefined when it is; it is asked about our copy of the file
   */
  async import(path: string, check: (copy: string) => Promise<string | undefined>): Promise<Import> {
    const file = MIRRORED_FILES.find((name) => name === basename(path))
    if (file === undefined) {
      return { kind: 'refused', sentence: `${path} is none of ${MIRRORED_FILES.join(', ')}.` }
    }
    await this.prepare()
    // What is checked must be what is kept, whatever becomes of the file meanwhile.
    const copy = join(this.folder, `.${randomUUID()}.cvd`)
    try {
      await copyFile(path, copy, constants.COPYFILE_EXCL)
      return await this.#settle({ copy, path, file, distrust: await check(copy) })
    } catch (error) {
      if (!isMissing(error)) throw error
      return { kind: 'refused', sentence: `There is no ${path}.` }
    } finally {
      await rm(copy, { force: true })
    }
  }

  /** Makes the folder. */
  async prepare(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o755 })
  }

  async noteFetch(record: FetchRecord): Promise<void> {
    await this.prepare()
    replaceFile(join(this.folder, FETCH_RECORD_FILE), JSON.stringify(record), 0o644)
  }

  async lastFetch(): Promise<FetchRecord | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(join(this.folder, FETCH_RECORD_FILE), 'utf8'))
      return fetchRecord.Check(value) ? value : undefined
    } catch {
      // Never looked, or a file that somebody wrote into: the next look writes it anew.
      return undefined
    }
  }

  async #settle(given: {
    copy: string
    path: string
    file: MirroredFile
    distrust: string | undefined
  }): Promise<Import> {
    const { copy, path, file, distrust } = given
    if (distrust !== undefined) return { kind: 'refused', sentence: `${path} is not taken: ${distrust}` }
    const opened = await openDatabaseFile(copy, file)
    if (opened === undefined) {
      return { kind: 'refused', sentence: `${path} is not taken: it is no database of ClamAV.` }
    }
    await opened.handle.datasync()
    await opened.handle.close()
    const here = (await this.list()).find((one) => one.file === file)
    const older = Number(opened.database.version) - Number(here?.version ?? -1)
    if (here !== undefined && older === 0) return { kind: 'alreadyHere', database: here }
    if (here !== undefined && older < 0) {
      // An old set, however well signed, knows nothing of what came after it.
      const sentence = `${path} is not taken: it is version ${opened.database.version}, and version ${here.version} is here.`
      return { kind: 'refused', sentence }
    }
    await rename(copy, join(this.folder, file))
    return { kind: 'taken', database: opened.database }
  }
}

async function openDatabaseFile(path: string, file: MirroredFile): Promise<OpenDatabase | undefined> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(DATABASE_HEADER_BYTES), { position: 0 })
    const header = parseDatabaseHeader(buffer.toString('latin1', 0, bytesRead))
    const { size: sizeBytes } = await handle.stat()
    if (header !== undefined) return { database: { file, sizeBytes, ...header }, handle }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
