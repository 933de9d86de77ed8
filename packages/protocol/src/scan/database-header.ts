/** What a signed database of ClamAV says of itself. */
export type DatabaseHeader = {
  version: string
  /** ISO 8601; null where it does not say. */
  builtAt: string | null
  /** Signatures in it. */
  count: number
}

/** Bytes at the start of a `.cvd` or `.cld` that are its header. */
export const DATABASE_HEADER_BYTES = 512

/**
 * Reads the header of a database: `ClamAV-VDB:date:version:signatures:level:md5:signature:builder:seconds`. Whether the
 * signature in it is good is for ClamAV to say.
 *
 * @param header its first 512 bytes, as Latin-1
 * @returns undefined for what is no header
 */
export function parseDatabaseHeader(header: string): DatabaseHeader | undefined {
  const fields = header.trimEnd().split(':')
  const [magic, date, version, signatures, , , , , seconds] = fields
  if (magic !== 'ClamAV-VDB' || !/^\d+$/.test(version ?? '') || !/^\d+$/.test(signatures ?? ''))
    return undefined
  const builtMs = /^\d{1,12}$/.test(seconds ?? '') ? Number(seconds) * 1_000 : parseBuildDate(date ?? '')
  return {
    version: version ?? '',
    builtAt: Number.isNaN(builtMs) || builtMs === 0 ? null : new Date(builtMs).toISOString(),
    count: Number(signatures),
  }
}

/** `07 Sep 2023 03-25 -0400` */
function parseBuildDate(text: string): number {
  return Date.parse(text.replace(/(\d{2})-(\d{2}) /, '$1:$2 '))
}
