const MIB = 1024 * 1024

// Not MaxZipTypeRcg: its manual warns of severe damage, and it spares only a second look for programs posing as archives.
const SILENT_LIMITS = [
  'MaxEmbeddedPE',
  'MaxHTMLNormalize',
  'MaxHTMLNoTags',
  'MaxScriptNormalize',
  'PCREMaxFileSize',
]

/** What the agent decides about its own clamd. */
export type ClamdSettings = {
  socketPath: string
  temporaryDir: string
  databaseDir: string
  /** Set when it is started as root: it gives up root before it reads anything but this file. */
  user: string | undefined
  threads: number
  maxFileSizeBytes: number
  maxScanSizeBytes: number
  maxScanTimeMs: number
}

/** Writes clamd.conf. */
export function renderClamdConfig(settings: ClamdSettings): string {
  const lines: Record<string, string | number> = {
    LocalSocket: settings.socketPath,
    LocalSocketMode: 600,
    ...(settings.user === undefined ? {} : { User: settings.user }),
    Foreground: 'yes',
    DatabaseDirectory: settings.databaseDir,
    TemporaryDirectory: settings.temporaryDir,
    MaxThreads: settings.threads,
    // Room for every window that we open.
    MaxQueue: 200,
    // The default of 65,536 is too small for one full scan: a second look at the same files would read them all again.
    CacheSize: 1_048_576,
    // We decide when signatures change, so that we know which set gave a verdict.
    SelfCheck: 0,
    ConcurrentDatabaseReload: 'no',
    MaxScanTime: settings.maxScanTimeMs,
    MaxFileSize: settings.maxFileSizeBytes,
    MaxScanSize: settings.maxScanSizeBytes,
    // Beyond these, clamd leaves single checks out, without a word and whatever AlertExceedsMax says.
    ...Object.fromEntries(SILENT_LIMITS.map((name) => [name, settings.maxFileSizeBytes])),
    // One byte more than any file that we send, or a stream of exactly the limit ends the session.
    StreamMaxLength: settings.maxFileSizeBytes + MIB,
    // Without these two, clamd says OK of what it did not look at.
    AlertExceedsMax: 'yes',
    AlertEncrypted: 'yes',
    FollowFileSymlinks: 'no',
    FollowDirectorySymlinks: 'no',
    LogClean: 'no',
    // In a session it counts our silence, even while it works; we ping far more often.
    ReadTimeout: 300,
    IdleTimeout: 60,
    CommandReadTimeout: 30,
  }
  return `${Object.entries(lines)
    .map(([name, value]) => `${name} ${quoted(value)}`)
    .join('\n')}\n`
}

function quoted(value: string | number): string {
  const text = String(value)
  if (/["\n\r]/.test(text)) throw new Error(`clamd.conf cannot hold this value: ${JSON.stringify(text)}`)
  return /\s/.test(text) ? `"${text}"` : text
}
