import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { ALL_API_HOSTS, API_HOSTS, isMicrosoftHost, LOGIN_HOSTS } from '@fleetsweep/protocol'
import { parse } from 'smol-toml'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { ConfigError } from './config-error.ts'
import { readExternalIssuers } from './external-issuer.ts'
import { DEFAULT_ATTACHMENTS, type ServerConfig } from './server-config.ts'
import { FORMER_SETTINGS, SETTINGS, type Setting } from './settings.ts'

export const CONFIG_FILE = 'fleetsweep.toml'
export const DEFAULT_PORT = 8443
/** Where `init` puts the database and a certificate of its own, inside the data directory. */
export const DATABASE_FILE = 'fleetsweep.db'
export const TLS_FILES = {
  caCert: 'tls/ca.crt',
  caKey: 'tls/ca.key',
  cert: 'tls/server.crt',
  key: 'tls/server.key',
} as const

const DEFAULT_TIMEOUT_HOURS = 72
const DEFAULT_CHECKPOINT_HOURS = 168
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/

/** What the command line may say; it wins over the environment, which wins over the file. */
export type ConfigOverrides = { dataDir?: string | undefined; port?: number | undefined }

/**
 * Reads the configuration of a server from its data directory, the environment and the command line.
 *
 * @throws ConfigError for the first setting that does not fit, in words that say what to do
 */
export function loadConfig(env: NodeJS.ProcessEnv, overrides: ConfigOverrides = {}): ServerConfig {
  const dataDir = findDataDir(env, overrides.dataDir)
  const file = join(dataDir, CONFIG_FILE)
  const written = existsSync(file) ? readToml(file) : {}
  refuseFormer(env, written, file)
  refuseUnknown(written, file)
  const read = <S extends TSchema>(setting: Setting<S>) => readSetting(setting, env, written, file)

  const tls = tlsFiles(read(SETTINGS.tls), dataDir)
  const listen = readAddress(read(SETTINGS.listen), tls.kind === 'off')
  const trustedProxies = read(SETTINGS.trustedProxies) ?? []
  const publicOrigins = readOrigins(read(SETTINGS.publicOrigins) ?? [])
  const aliases = readAliases(read(SETTINGS.apiAliases) ?? [], read(SETTINGS.loginAliases) ?? false)
  refusePlainText(tls, listen, trustedProxies, aliases)
  if (trustedProxies.length > 0 && publicOrigins.length === 0) {
    throw new ConfigError(
      `trustedProxies names a proxy, but nothing says how clients reach the proxy. Set publicOrigins in ${file}, such as ["https://fleet.example"].`,
    )
  }
  const database = read(SETTINGS.database) ?? 'sqlite'
  return {
    dataDir,
    listen: { ...listen, port: overrides.port ?? listen.port },
    publicOrigins,
    database:
      database === 'sqlite'
        ? { kind: 'sqlite', path: join(dataDir, DATABASE_FILE) }
        : { kind: 'postgres', connectionString: database },
    tls,
    trustedProxies,
    aliases,
    externalIssuers: readExternalIssuers(
      read(SETTINGS.externalIssuers) ?? [],
      dataDir,
      `externalIssuers in ${file}`,
    ),
    webhookNetworks: read(SETTINGS.webhookNetworks) ?? [],
    timeouts: {
      pendingMs: (read(SETTINGS.pendingHours) ?? DEFAULT_TIMEOUT_HOURS) * 3_600_000,
      silenceMs: (read(SETTINGS.silenceHours) ?? DEFAULT_TIMEOUT_HOURS) * 3_600_000,
      checkpointSilenceMs: (read(SETTINGS.checkpointSilenceHours) ?? DEFAULT_CHECKPOINT_HOURS) * 3_600_000,
    },
    attachments: {
      perScanBytes: bytesOf(read(SETTINGS.attachmentPerScanMb)) ?? DEFAULT_ATTACHMENTS.perScanBytes,
      perMachineBytes: bytesOf(read(SETTINGS.attachmentPerMachineMb)) ?? DEFAULT_ATTACHMENTS.perMachineBytes,
      perTenantBytes: bytesOf(read(SETTINGS.attachmentPerTenantMb)) ?? DEFAULT_ATTACHMENTS.perTenantBytes,
      keptForMs: daysOf(read(SETTINGS.attachmentKeptDays)) ?? DEFAULT_ATTACHMENTS.keptForMs,
    },
    signatureMirror: read(SETTINGS.signatureMirror) ?? 'imported',
    logLevel: read(SETTINGS.logLevel) ?? 'info',
  }
}

function bytesOf(mebibytes: number | undefined): number | undefined {
  return mebibytes === undefined ? undefined : mebibytes * 1024 * 1024
}

function daysOf(days: number | undefined): number | undefined {
  return days === undefined ? undefined : days * 86_400_000
}

/** The data directory of this call: named on the command line, in the environment, or where the system keeps such things. */
export function findDataDir(env: NodeJS.ProcessEnv, named?: string): string {
  const chosen = named ?? env.FLEETSWEEP_DATA
  if (chosen !== undefined) return resolve(chosen)
  if (process.getuid?.() === 0) return '/var/lib/fleetsweep'
  return join(env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'fleetsweep')
}

function readToml(file: string): Record<string, unknown> {
  try {
    return parse(readFileSync(file, 'utf8'), { unsafeKeyBehaviour: 'throw' })
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
}

/** Somebody relies on what it did: to ignore it would be to do something else without a word. */
function refuseFormer(env: NodeJS.ProcessEnv, written: Record<string, unknown>, file: string): void {
  for (const former of FORMER_SETTINGS) {
    if (env[former.env] !== undefined) {
      throw new ConfigError(`The environment variable ${former.env} is there no more. ${former.instead}`)
    }
    if (valueAt(written, former.key) !== undefined) {
      throw new ConfigError(`${file} sets ${former.key}, which is there no more. ${former.instead}`)
    }
  }
}

/** A misspelt setting would silently leave the default in force. */
function refuseUnknown(written: Record<string, unknown>, file: string): void {
  const known = Object.values(SETTINGS).map(({ key }) => key)
  const isKnown = (key: string) => known.includes(key)
  for (const [key, value] of Object.entries(written)) {
    if (isKnown(key)) continue
    const inner = isTable(value) ? Object.keys(value).map((name) => `${key}.${name}`) : [key]
    for (const name of inner) {
      if (isKnown(name)) continue
      throw new ConfigError(`${file} sets ${name}, which does not exist. It knows ${known.join(', ')}.`)
    }
  }
}

function readSetting<S extends TSchema>(
  setting: Setting<S>,
  env: NodeJS.ProcessEnv,
  written: Record<string, unknown>,
  file: string,
): Static<S> | undefined {
  const text = env[setting.env]
  const value = text === undefined ? valueAt(written, setting.key) : setting.fromText(text)
  if (value === undefined || Value.Check(setting.schema, value)) return value
  const where = text === undefined ? `${setting.key} in ${file}` : `The environment variable ${setting.env}`
  throw new ConfigError(
    `${where} must be ${setting.wants}.${placeOf(setting, value)} It is ${shown(value)}: correct it or take it out.`,
  )
}

/** Where in a list of tables the mistake is; nothing else is so long that one must search for it. */
function placeOf({ schema }: Setting, value: unknown): string {
  const [error] = Value.Errors(schema, value)
  const [index = '', ...path] = error?.instancePath.slice(1).split('/') ?? []
  if (!Array.isArray(value) || !isTable(value[Number(index)])) return ''
  return ` In entry ${Number(index) + 1}, ${[path.join('.'), error?.message].filter(Boolean).join(' ')}.`
}

/** Never prints a password that stands in the address of a database. */
function shown(value: unknown): string {
  return JSON.stringify(value).replace(/\/\/([^:@/"]*):[^@"]*@/g, '//$1:…@')
}

function valueAt(written: Record<string, unknown>, key: string): unknown {
  let value: unknown = written
  for (const part of key.split('.')) value = isTable(value) ? value[part] : undefined
  return value
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function tlsFiles(tls: Static<typeof SETTINGS.tls.schema> | undefined, dataDir: string): ServerConfig['tls'] {
  if (tls === 'off') return { kind: 'off' }
  const { cert, key } = tls ?? TLS_FILES
  return { kind: 'files', certFile: resolve(dataDir, cert), keyFile: resolve(dataDir, key) }
}

function readAddress(text: string | undefined, plain: boolean): ServerConfig['listen'] {
  if (text === undefined) return { host: plain ? '127.0.0.1' : '0.0.0.0', port: DEFAULT_PORT }
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  if (port > 65_535) {
    throw new ConfigError(`listen names port ${port}; ports end at 65535. Choose another.`)
  }
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port }
}

function readOrigins(texts: readonly string[]): string[] {
  const urls = texts.map((text) => new URL(text))
  const foreign = urls.find(({ hostname }) => isMicrosoftHost(hostname))
  if (foreign === undefined) return urls.map(({ origin }) => origin)
  throw new ConfigError(
    `publicOrigins names ${foreign.hostname}, a host of Microsoft's. If that name leads to this server, list it in aliases.${ALL_API_HOSTS.includes(foreign.hostname) ? 'api' : 'login'} instead.`,
  )
}

function readAliases(api: readonly string[], login: boolean | readonly string[]): ServerConfig['aliases'] {
  const clouds: Readonly<Record<string, readonly string[]>> = API_HOSTS
  return {
    api: [...new Set(api.flatMap((name) => clouds[name] ?? [name]))],
    login: login === true ? LOGIN_HOSTS : login === false ? [] : [...new Set(login)],
  }
}

function refusePlainText(
  tls: ServerConfig['tls'],
  { host }: { host: string },
  trustedProxies: readonly string[],
  aliases: ServerConfig['aliases'],
): void {
  if (tls.kind !== 'off' || trustedProxies.length > 0) return
  if (aliases.api.length + aliases.login.length > 0) {
    throw new ConfigError(
      'aliases are names that clients reach over TLS alone. Give tls a certificate and key, or name the proxy that speaks TLS in trustedProxies.',
    )
  }
  if (LOOPBACK.test(host)) return
  throw new ConfigError(
    `Without TLS this server listens on loopback only, and listen says ${host}: secrets and tokens would cross the network readable. ` +
      'Listen on 127.0.0.1, give tls a certificate and key, or name the proxy that speaks TLS in trustedProxies.',
  )
}
