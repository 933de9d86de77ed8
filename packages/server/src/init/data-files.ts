import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, DATABASE_FILE, SEALING_KEY_FILE, TLS_FILES } from '../config/index.ts'
import { replaceFile } from '../kit/replace-file.ts'

/** What only a server that was set up has; each alone would be lost for ever when overwritten. */
const PRECIOUS = [SEALING_KEY_FILE, DATABASE_FILE, TLS_FILES.caKey]

/**
 * Makes the data directory, closed to everybody else.
 *
 * @throws ConfigError when a server lives there already
 */
export function prepareDataDir(dataDir: string): void {
  const found = PRECIOUS.find((name) => existsSync(join(dataDir, name)))
  if (found !== undefined) {
    throw new ConfigError(
      `${dataDir} holds a server already (${found}), and nothing of it was changed. To add an application: fleetsweep applications create <name>. Where nobody can sign in any more: fleetsweep recover-application --data ${dataDir}. To set up another server, give another --data.`,
    )
  }
  mkdirSync(join(dataDir, 'tls'), { recursive: true, mode: 0o700 })
  chmodSync(dataDir, 0o700)
}

/** Files that a set-up has made, to be taken back when it fails half-way. */
export class NewFiles {
  readonly #dataDir: string
  readonly #made: string[] = []

  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  write(name: string, content: string, mode: 0o600 | 0o644): void {
    this.#made.push(name)
    replaceFile(join(this.#dataDir, name), content, mode)
  }

  /** For files that something else makes. */
  add(...names: string[]): void {
    this.#made.push(...names)
  }

  removeAll(): void {
    for (const name of this.#made) rmSync(join(this.#dataDir, name), { force: true })
  }
}

/** The configuration file as `init` writes it: what was chosen, with the rest to be found in its comments. */
export function configText(chosen: {
  listen: string
  publicOrigins: readonly string[]
  database: string
  tls: 'off' | { cert: string; key: string }
  trustedProxies: readonly string[]
  aliases: { api: readonly string[]; login: readonly string[] }
}): string {
  return `# How this server runs. Every setting can also come from the environment: publicOrigins as
# FLEETSWEEP_PUBLIC_ORIGINS, timeouts.pendingHours as FLEETSWEEP_PENDING_HOURS, and so on.

listen = ${JSON.stringify(chosen.listen)}

# Origins under which clients reach this server. Left out, they are made from the names in the certificate and the port.
${chosen.publicOrigins.length === 0 ? '# publicOrigins = ["https://fleet.example"]' : `publicOrigins = ${list(chosen.publicOrigins)}`}

# "sqlite", or "postgres://user@host/database"
database = ${JSON.stringify(chosen.database)}

# "off", or two PEM files
tls = ${chosen.tls === 'off' ? '"off"' : `{ cert = ${JSON.stringify(chosen.tls.cert)}, key = ${JSON.stringify(chosen.tls.key)} }`}

# Proxies in front, by address or network: they may terminate TLS, and their forwarding headers are believed
${chosen.trustedProxies.length === 0 ? '# trustedProxies = ["10.0.0.5", "10.1.0.0/16"]' : `trustedProxies = ${list(chosen.trustedProxies)}`}

logLevel = "info"

[timeouts]
# How long an action waits for its machine, how long a scan may stay silent, and how long one that goes on where it was
pendingHours = 72
silenceHours = 72
checkpointSilenceHours = 168
${aliasesText(chosen.aliases)}`
}

function aliasesText({ api, login }: { api: readonly string[]; login: readonly string[] }): string {
  if (api.length + login.length === 0) return ''
  return `
[aliases]
# Names of Microsoft's that lead to this server on test machines
api = ${list(api)}
login = ${list(login)}
`
}

function list(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(', ')}]`
}
