/** What of a clamd.conf decides about what its clamd judges, and how it is talked to. */
export type ClamdConf = {
  /** Undefined where it listens on TCP alone. */
  socketPath: string | undefined
  databaseDir: string
  threads: number
  maxFileSizeBytes: number
  maxScanSizeBytes: number
  maxScanTimeMs: number
  /** Longest stream of bytes that it takes. */
  streamMaxBytes: number
  readTimeoutMs: number
  /** It says so when a limit kept it from looking at all of a file. */
  alertsExceededLimits: boolean
  /** It says so when it could not look into an archive. */
  alertsEncrypted: boolean
}

/** Directives that, when off, take something out of every scan without a word. */
const LOOKS_INTO =
  'ScanPE ScanELF ScanOLE2 ScanPDF ScanSWF ScanXMLDOCS ScanHWP3 ScanMail ScanHTML ScanArchive'.split(' ')

const MIB = 1024 * 1024
/** ClamAV reads no file beyond this, whatever its configuration says. */
const FORMAT_LIMIT = 2 * 1024 * MIB - 1

/**
 * Reads a clamd.conf; what it does not say is what clamd does by itself.
 *
 * @returns also what its clamd leaves out of every scan, as sentences
 * @throws Error for a value that is none
 * @see https://manpages.debian.org/bookworm/clamav-daemon/clamd.conf.5.en.html
 */
export function parseClamdConf(text: string): { conf: ClamdConf; untold: string[] } {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*([A-Za-z]\w*)\s+(.*?)\s*$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) values.set(name, value.replace(/^"(.*)"$/, '$1'))
  }
  const size = (name: string, otherwise: number) => {
    const bytes = sizeOf(name, values.get(name) ?? String(otherwise))
    // Zero means without a limit, which the format of ClamAV sets.
    return bytes === 0 ? FORMAT_LIMIT : Math.min(bytes, FORMAT_LIMIT)
  }
  const number = (name: string, otherwise: number) => sizeOf(name, values.get(name) ?? String(otherwise))
  const says = (name: string, otherwise: boolean) => booleanOf(name, values.get(name), otherwise)
  const conf: ClamdConf = {
    socketPath: values.get('LocalSocket'),
    databaseDir: values.get('DatabaseDirectory') ?? '/var/lib/clamav',
    threads: Math.max(number('MaxThreads', 10), 1),
    maxFileSizeBytes: size('MaxFileSize', 100 * MIB),
    maxScanSizeBytes: size('MaxScanSize', 400 * MIB),
    maxScanTimeMs: number('MaxScanTime', 120_000) || 120_000,
    streamMaxBytes: size('StreamMaxLength', 100 * MIB),
    readTimeoutMs: number('ReadTimeout', 120) * 1_000 || Number.POSITIVE_INFINITY,
    alertsExceededLimits: says('AlertExceedsMax', says('ArchiveBlockMax', false)),
    alertsEncrypted:
      says('AlertEncrypted', says('ArchiveBlockEncrypted', false)) ||
      (says('AlertEncryptedArchive', false) && says('AlertEncryptedDoc', false)),
  }
  const leftOut = LOOKS_INTO.filter((name) => !says(name, true))
  return {
    conf,
    untold: [
      ...(conf.alertsExceededLimits
        ? []
        : ['It does not say when a limit kept it from looking at all of a file (AlertExceedsMax is off).']),
      ...(conf.alertsEncrypted
        ? []
        : ['It does not say when it could not look into an encrypted file (AlertEncrypted is off).']),
      ...(leftOut.length === 0 ? [] : [`It does not look into everything: ${leftOut.join(', ')} off.`]),
    ],
  }
}

function sizeOf(name: string, text: string): number {
  const [, digits, unit = ''] = /^(\d+)([KMG]?)$/i.exec(text) ?? []
  if (digits === undefined) throw new Error(`${name} is "${text}", which is no number.`)
  const factor = { '': 1, K: 1024, M: MIB, G: 1024 * MIB }[unit.toUpperCase()] ?? 1
  return Number(digits) * factor
}

function booleanOf(name: string, text: string | undefined, otherwise: boolean): boolean {
  if (text === undefined) return otherwise
  if (/^(?:yes|true|1)$/i.test(text)) return true
  if (/^(?:no|false|0)$/i.test(text)) return false
  throw new Error(`${name} is "${text}", which is neither yes nor no.`)
}
