import type { Readable } from 'node:stream'
import { notFound } from '../kit/http/index.ts'
import { MIRRORED_FILES, type OpenDatabase, type SignatureMirror } from './signature-mirror.ts'

/** What is asked for, as HTTP says it. */
export type DatabaseCall = { file: string; range: string | undefined; ifModifiedSince: string | undefined }

/** What is answered: a status, the headers that go with it, and the bytes unless nothing changed. */
export type DatabaseAnswer = {
  status: 200 | 206 | 304
  headers: Readonly<Record<string, string>>
  content: Readable | ''
}

export type SignatureMirrorService = {
  /** @throws ApiError `ResourceNotFound` when there is no such database here */
  serve(call: DatabaseCall): Promise<DatabaseAnswer>
}

/** @param mirror null where this server is none */
export function signatureMirrorService(mirror: SignatureMirror | null): SignatureMirrorService {
  return {
    async serve({ file, range, ifModifiedSince }) {
      const name = MIRRORED_FILES.find((one) => one === file)
      const opened = name === undefined ? undefined : await mirror?.open(name)
      if (opened === undefined) throw notFound('A signature database of this name')
      return answer(opened, { range, ifModifiedSince })
    },
  }
}

async function answer(
  { database, handle }: OpenDatabase,
  { range, ifModifiedSince }: Omit<DatabaseCall, 'file'>,
): Promise<DatabaseAnswer> {
  const { builtAt, sizeBytes } = database
  const built = builtAt === null ? undefined : new Date(builtAt)
  // freshclam names the moment when the database was built that it has.
  const lastModified = built === undefined ? {} : { 'last-modified': built.toUTCString() }
  if (built !== undefined && Date.parse(ifModifiedSince ?? '') >= built.getTime()) {
    await handle.close()
    return { status: 304, headers: lastModified, content: '' }
  }
  const part = readRange(range, sizeBytes)
  const { start, end } = part ?? { start: 0, end: sizeBytes - 1 }
  return {
    status: part === undefined ? 200 : 206,
    headers: {
      ...lastModified,
      'accept-ranges': 'bytes',
      'content-length': String(end - start + 1),
      ...(part === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${sizeBytes}` }),
    },
    content: handle.createReadStream({ start, end }),
  }
}

/** The one part that is asked for; undefined means all, as for everything that HTTP lets a server leave aside. */
function readRange(range: string | undefined, sizeBytes: number): { start: number; end: number } | undefined {
  const [, from, to] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(range ?? '') ?? []
  if (from === undefined) return undefined
  const start = Number(from)
  const end = Math.min(to === undefined || to === '' ? sizeBytes - 1 : Number(to), sizeBytes - 1)
  return start <= end ? { start, end } : undefined
}
