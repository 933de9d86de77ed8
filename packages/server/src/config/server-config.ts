import type { ExternalIssuer } from './external-issuer.ts'

/** Everything that a server must be told, checked. */
export type ServerConfig = {
  /** Holds the keys, the certificate and, standalone, the database. */
  dataDir: string
  /** Port 0 takes any free one. */
  listen: { host: string; port: number }
  /**
   * Origins under which clients reach this server, such as `https://fleet.example`: nothing else is ever written into
   * a link. Empty: made from the certificate's names and the port.
   */
  publicOrigins: readonly string[]
  database: { kind: 'sqlite'; path: string } | { kind: 'postgres'; connectionString: string }
  tls: { kind: 'off' } | { kind: 'files'; certFile: string; keyFile: string }
  /** Addresses and networks of the proxies in front: they may terminate TLS, and their forwarding headers are believed. */
  trustedProxies: readonly string[]
  /** Hosts of Microsoft's that lead to this server, each good for the API or for signing in alone. */
  aliases: { api: readonly string[]; login: readonly string[] }
  /** Issuers of somebody else's whose tokens are good here. */
  externalIssuers: readonly ExternalIssuer[]
  /** Networks that webhooks may call though they are not public, and without TLS. */
  webhookNetworks: readonly string[]
  timeouts: {
    /** How long an action waits for its machine. */
    pendingMs: number
    /** How long a scan under way may stay silent. */
    silenceMs: number
    /** The same for one that goes on where it was. */
    checkpointSilenceMs: number
  }
  /** The lists that machines send of what their scans left out, compressed. */
  attachments: {
    perScanBytes: number
    perMachineBytes: number
    perTenantBytes: number
    keptForMs: number
  }
  /**
   * Signatures for machines: `off` gives none, `imported` gives what an operator brought, `fetched` also looks for newer
   * ones at ClamAV's servers.
   */
  signatureMirror: SignatureMirrorMode
  logLevel: LogLevel
}

export const SIGNATURE_MIRROR_MODES = ['off', 'imported', 'fetched'] as const
export type SignatureMirrorMode = (typeof SIGNATURE_MIRROR_MODES)[number]

const MIB = 1024 * 1024

/** What holds for `attachments` where nobody says otherwise. */
export const DEFAULT_ATTACHMENTS: ServerConfig['attachments'] = {
  perScanBytes: 64 * MIB,
  perMachineBytes: 256 * MIB,
  perTenantBytes: 10_240 * MIB,
  keptForMs: 90 * 86_400_000,
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
