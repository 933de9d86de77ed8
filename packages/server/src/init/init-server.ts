import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import {
  type Clock,
  isGuid,
  isMicrosoftHost,
  LOGIN_HOSTS,
  type PasswordLink,
  type TenantId,
} from '@fleetsweep/protocol'
import {
  CONFIG_FILE,
  ConfigError,
  DATABASE_FILE,
  DEFAULT_PORT,
  findDataDir,
  isSealingKeyInEnvironment,
  loadConfig,
  loadSealingKey,
  SEALING_KEY_BYTES,
  SEALING_KEY_FILE,
  type ServerConfig,
  TLS_FILES,
} from '../config/index.ts'
import { openDatabase } from '../open-database.ts'
import { readSealingKey, type SealingKey, sealedSigningKeys } from '../signing-key/index.ts'
import { type Stores, sqlStores } from '../stores.ts'
import { RESERVED_NAMES } from '../tenant/index.ts'
import { createLocalCa, issueServerCertificate, loadServerTls, originsOf } from '../tls/index.ts'
import { createLocalApplication, type LocalApplication } from './create-local-application.ts'
import { configText, NewFiles, prepareDataDir } from './data-files.ts'
import { linkForAdministrator } from './local-administrator.ts'
import { localOperator } from './local-operator.ts'

export type InitOptions = {
  dataDir?: string | undefined
  /** Names and addresses of the server for the local CA; the computer's own name when empty. Loopback is always in. */
  hosts: readonly string[]
  tls: 'local' | 'off' | { cert: string; key: string }
  listen?: string | undefined
  publicOrigins: readonly string[]
  trustedProxies: readonly string[]
  /** Clouds or hosts of Microsoft's API, and `login` or single login hosts, that shall lead to this server. */
  aliases: readonly string[]
  database?: string | undefined
  tenantDomain: string
  applicationName: string
  /** User name of the first administrator; `admin@` and the tenant's domain when absent. */
  administrator?: string | undefined
}

/** What `init` made; the secret is nowhere else. */
export type InitialisedServer = {
  dataDir: string
  /** Where the server will be found: its first public origin. */
  origin: string
  serverId: string
  tenant: { id: TenantId; domain: string }
  application: LocalApplication
  /** With the one-time link on which they choose a password. */
  administrator: PasswordLink
  /** The certificate that clients and agents must trust; null where there is no authority of our own. */
  caFile: string | null
  caSha256: string | null
}

type Parts = {
  env: NodeJS.ProcessEnv
  clock: Clock
  newId: () => string
  randomBytes: (size: number) => Uint8Array
  writerEntry?: URL | undefined
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']
const HOST = /^([a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*|[0-9a-f:.]*:[0-9a-f:.]*)$/

/**
 * Sets a server up: keys, certificate, database, tenant and first application. What it made is taken back when it fails.
 *
 * @throws ConfigError when a server lives there already, or a choice does not fit
 */
export async function initServer(options: InitOptions, parts: Parts): Promise<InitialisedServer> {
  const dataDir = findDataDir(parts.env, options.dataDir)
  const hosts = readHosts(options.hosts)
  refuseTenantDomain(options.tenantDomain)
  prepareDataDir(dataDir)
  const files = new NewFiles(dataDir)
  try {
    writeConfig(dataDir, options, files)
    const config = loadConfig(parts.env, { dataDir })
    const sealingKey = makeSealingKey(dataDir, files, parts)
    if (options.tls === 'local') {
      const { api, login } = config.aliases
      await makeCertificate([...hosts, ...api, ...login], files, parts)
    }
    const tls = await loadServerTls(config, parts.clock.now())
    const [origin = ''] = originsOf(config, tls, config.listen.port)
    const made = await fillDatabase(config, { sealingKey, origin }, options, files, parts)
    return {
      dataDir,
      origin,
      ...made,
      caFile: tls?.localCa ? join(dataDir, TLS_FILES.caCert) : null,
      caSha256: tls?.localCa?.sha256 ?? null,
    }
  } catch (error) {
    files.removeAll()
    throw error
  }
}

function readHosts(given: readonly string[]): string[] {
  // The first becomes the usual origin. Nobody knows whether the computer's own name resolves, so it comes last.
  const hosts = (given.length > 0 ? given : [...LOOPBACK_NAMES, hostname()]).map((host) => host.toLowerCase())
  const wrong = hosts.find((host) => !HOST.test(host))
  if (wrong !== undefined) {
    throw new ConfigError(
      `--host takes a name such as fleet.example or an IP address, without scheme or port, not "${wrong}".`,
    )
  }
  const foreign = hosts.find(isMicrosoftHost)
  if (foreign !== undefined) {
    throw new ConfigError(
      `${foreign} is a host of Microsoft's and not a name of this server. If it shall lead here: --alias ${foreign}`,
    )
  }
  return [...new Set([...hosts, ...LOOPBACK_NAMES])]
}

function sortAliases(given: readonly string[]): { api: string[]; login: string[] } {
  const names = given.map((name) => name.toLowerCase())
  const isLogin = (name: string) => name === 'login' || (LOGIN_HOSTS as readonly string[]).includes(name)
  return {
    api: names.filter((name) => !isLogin(name)),
    login: names.includes('login') ? [...LOGIN_HOSTS] : names.filter(isLogin),
  }
}

function refuseTenantDomain(domain: string): void {
  if (RESERVED_NAMES.includes(domain.toLowerCase())) {
    throw new ConfigError(
      `"${domain}" cannot be a tenant: the server uses that path itself. Choose a domain such as contoso.example.`,
    )
  }
  if (!/^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?$/i.test(domain) || isGuid(domain)) {
    throw new ConfigError(`--tenant-domain takes a domain such as contoso.example, not "${domain}".`)
  }
}

/** A configuration that is there already is kept: whoever wrote it knows best. */
function writeConfig(dataDir: string, options: InitOptions, files: NewFiles): void {
  if (existsSync(join(dataDir, CONFIG_FILE))) return
  const { listen, publicOrigins, database, tls, trustedProxies } = options
  const text = configText({
    listen: listen ?? `${tls === 'off' ? '127.0.0.1' : '0.0.0.0'}:${DEFAULT_PORT}`,
    publicOrigins,
    database: database ?? 'sqlite',
    tls: tls === 'local' ? { cert: TLS_FILES.cert, key: TLS_FILES.key } : tls,
    trustedProxies,
    aliases: sortAliases(options.aliases),
  })
  files.write(CONFIG_FILE, text, database?.includes('@') ? 0o600 : 0o644)
}

function makeSealingKey(dataDir: string, files: NewFiles, { env, randomBytes }: Parts): SealingKey {
  if (isSealingKeyInEnvironment(env)) return readSealingKey(loadSealingKey(dataDir, env))
  const key = readSealingKey(randomBytes(SEALING_KEY_BYTES))
  files.write(SEALING_KEY_FILE, `${key.toString('base64')}\n`, 0o600)
  return key
}

async function makeCertificate(names: readonly string[], files: NewFiles, { clock }: Parts): Promise<void> {
  const ca = await createLocalCa(names, clock.now())
  const server = await issueServerCertificate(ca, names, clock.now())
  files.write(TLS_FILES.caKey, ca.keyPem, 0o600)
  files.write(TLS_FILES.caCert, ca.certPem, 0o644)
  files.write(TLS_FILES.key, server.keyPem, 0o600)
  files.write(TLS_FILES.cert, server.certPem, 0o644)
}

async function fillDatabase(
  config: ServerConfig,
  { sealingKey, origin }: { sealingKey: SealingKey; origin: string },
  options: InitOptions,
  files: NewFiles,
  parts: Parts,
): Promise<Pick<InitialisedServer, 'serverId' | 'tenant' | 'application' | 'administrator'>> {
  if (config.database.kind === 'sqlite') {
    files.add(DATABASE_FILE, `${DATABASE_FILE}-wal`, `${DATABASE_FILE}-shm`)
  }
  await using db = await openDatabase(config, parts)
  const stores = sqlStores(db, parts.newId)
  const tenant = await createTenant(stores, options, parts)
  const serverId = await stores.tenants.serverId(parts.newId())
  const signingKeys = sealedSigningKeys({
    storeOf: (id) => stores.forTenant(id).signingKeys,
    sealingKey,
    ...parts,
  })
  await signingKeys.addKey(tenant.id, 'token', localOperator())
  await signingKeys.addKey(tenant.id, 'order', localOperator())
  await signingKeys.addKey(tenant.id, 'audit', localOperator())
  const application = await createLocalApplication(
    stores,
    tenant.id,
    { displayName: options.applicationName },
    parts,
  )
  const administrator = await linkForAdministrator(
    stores,
    { tenant: tenant.id, origin },
    options.administrator ?? `admin@${tenant.domain}`,
    parts,
  )
  return { serverId, tenant, application, administrator }
}

async function createTenant(stores: Stores, options: InitOptions, { newId }: Parts) {
  const tenant = { id: newId() as TenantId, domain: options.tenantDomain.toLowerCase() }
  const outcome = await stores.tenants.create({ ...tenant, displayName: options.tenantDomain })
  if (outcome === 'created') return tenant
  throw new ConfigError(
    `The database holds the tenant ${tenant.domain} already, so a server was set up on it before. Give another --tenant-domain, or run the server with the sealing key of the first one.`,
  )
}
