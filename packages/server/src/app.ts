import { randomBytes } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { CHANNEL_PATH, type Clock, MAX_TOP, type TenantId } from '@fleetsweep/protocol'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { readAgentPackages } from './agent-package/index.ts'
import { RefusalTally } from './audit/index.ts'
import { ConfigError, type ServerConfig } from './config/index.ts'
import { Gateway, type GatewayOptions, isChannelRequest } from './gateway/index.ts'
import {
  ExpireActions,
  forgetAddresses,
  forgetAttachments,
  forgetIdempotencyKeys,
  forgetSignIns,
  forgetWebhookDeliveries,
  KeepCallCounts,
  RecordRefusals,
  SealAudit,
} from './jobs/index.ts'
import { type Bus, inProcessBus } from './kit/bus.ts'
import { systemClock } from './kit/clock.ts'
import {
  ConnectionDrain,
  createHttpServer,
  Origins,
  PAGE_POLICY_WITH_DATA_IMAGES,
  serveApplication,
  TrustedProxies,
} from './kit/http/index.ts'
import { newGuid } from './kit/new-id.ts'
import { openDatabase } from './open-database.ts'
import { operations } from './operations.ts'
import { auditPrincipal, isAccessRefused, PrincipalCallLimiter } from './principal/index.ts'
import { composeServices } from './services.ts'
import { SignatureFetcher, SignatureMirror, watchMirror } from './signature-mirror/index.ts'
import { readSealingKey, type SigningKeys, sealedSigningKeys } from './signing-key/index.ts'
import { type Stores, sqlStores } from './stores.ts'
import { aliasesOf, loadServerTls, originsOf, type ServerTls } from './tls/index.ts'
import { type ResolveHost, WebhookDeliverer, WebhookSecrets, WebhookTargets } from './webhook/index.ts'

/** What a server is made of. Everything but the first three has a usual part. */
export type ServerParts = {
  config: ServerConfig
  /** The 32 bytes that `loadSealingKey` reads. */
  sealingKey: Uint8Array
  logger: Logger
  clock?: Clock | undefined
  newId?: (() => string) | undefined
  randomBytes?: ((size: number) => Buffer) | undefined
  bus?: Bus | undefined
  /** The module that SQLite's writer thread starts from; a bundle names its one file. */
  writerEntry?: URL | undefined
  /** Where the console's built files lie. */
  consoleDir?: string | undefined
  /** Where the built files of the page lie that shows the API's description. */
  apiDocsDir?: string | undefined
  /** Where the built agent lies that other machines install. */
  agentDir?: string | undefined
  gateway?: Partial<GatewayOptions> | undefined
  /** How names that webhooks call are looked up; as the machine does it when absent. */
  resolveHost?: ResolveHost | undefined
  /** OFF loses what was acknowledged when the power fails: for the one test that shows that the others would notice. */
  sqliteSynchronous?: 'FULL' | 'OFF' | undefined
  /** Most entries of one page of a list in the Defender API; as many as Microsoft's, unless a test has few entries. */
  pageSize?: number | undefined
}

/** A server that listens. */
export type FleetServer = {
  /** Where it listens, by its own address: `https://127.0.0.1:8443`. */
  url: string
  port: number
  /** Origins under which clients reach it; the first stands in links where a call named none of them. */
  origins: readonly string[]
  /** For whoever shares the process, such as a test. */
  stores: Stores
  bus: Bus
  /** Takes nothing new, finishes and writes what was begun, then closes. */
  stop(): Promise<void>
}

/** Told of each server before it listens: for whoever watches what this process answers, as tests do. */
const SERVERS = channel('fleetsweep.server')
/** How long calls under way may take when the server stops. */
const FINISH_WITHIN_MS = 15_000
const WILDCARD_HOST = /^(0\.0\.0\.0|::)$/

/** Puts the parts together and starts to listen. @throws Error when one of them cannot start; the others are closed again */
export async function createServer(parts: ServerParts): Promise<FleetServer> {
  const { config, logger, clock = systemClock, newId = newGuid, bus = inProcessBus() } = parts
  const random = parts.randomBytes ?? randomBytes
  await using started = new AsyncDisposableStack()
  const tls = await loadServerTls(config, clock.now())
  const { writerEntry, sqliteSynchronous: synchronous } = parts
  if (tls?.endsSoon) logger.warn('the certificate ends soon, or has ended: bring a new one')
  const db = started.use(await openDatabase(config, { clock, writerEntry, synchronous }))
  const stores = sqlStores(db, newId)
  const sealingKey = readSealingKey(parts.sealingKey)
  const signingKeys = sealedSigningKeys({
    storeOf: (tenant) => stores.forTenant(tenant).signingKeys,
    sealingKey,
    clock,
    newId,
  })
  await tryKeys(stores, signingKeys)
  const origins = new Origins(originsOf(config, tls, config.listen.port), aliasesOf(config))
  const proxies = new TrustedProxies(config.trustedProxies)
  warnOfAliases(config, tls, logger)
  refuseOwnIssuers(config, origins)
  const serverId = await stores.tenants.serverId(newId())
  const webhookSecrets = new WebhookSecrets(sealingKey, random)
  const webhookTargets = new WebhookTargets(config.webhookNetworks, parts.resolveHost)
  const signatureMirror = config.signatureMirror === 'off' ? null : new SignatureMirror(config.dataDir)
  const services = composeServices({
    agentPackages: readAgentPackages(parts.agentDir),
    operations,
    stores,
    signingKeys,
    sealingKey,
    origins,
    clock,
    newId,
    randomBytes: random,
    bus,
    logger,
    serverId,
    localCa: tls?.localCa ?? null,
    signatureMirror,
    externalIssuers: config.externalIssuers,
    attachmentQuotas: config.attachments,
    pendingMs: config.timeouts.pendingMs,
    pageSize: parts.pageSize ?? MAX_TOP,
    webhookSecrets,
    webhookTargets,
  })
  const limiter = new PrincipalCallLimiter(clock)
  const refusals = new RefusalTally(clock)
  const http = createHttpServer({
    operations,
    services,
    authenticate: services.authenticate,
    limiter,
    onRefusal({ caller, route, code, access }) {
      if (isAccessRefused(code, caller, access)) {
        refusals.note(caller.tenant, auditPrincipal(caller), route, code)
      }
    },
    origins,
    clock,
    logger,
    newId,
    mayUpgrade: (request) => isChannelRequest(request) && origins.serves(request.headers.host, CHANNEL_PATH),
    proxies,
    ...(tls ? { tls: { cert: tls.certPem, key: tls.keyPem, minVersion: 'TLSv1.2' } } : {}),
  })
  SERVERS.publish(http.server)
  const drain = new ConnectionDrain(http.server)
  serveApplication(http, '/console', parts.consoleDir)
  serveApplication(http, '/api-docs', parts.apiDocsDir, PAGE_POLICY_WITH_DATA_IMAGES)
  http.get('/', (_, reply) => reply.redirect('/console'))
  const pageOf = (actionId: string) => `${origins.first}/console/actions/${actionId}`
  const gateway = new Gateway({
    stores,
    signingKeys,
    bus,
    clock,
    logger,
    newId,
    randomBytes: random,
    serverId,
    proxies,
    reportUrl: (_, actionId) => pageOf(actionId),
    holdsSignatures: watchMirror(signatureMirror, clock),
    options: { silence: config.timeouts, ...parts.gateway },
  })
  http.server.on('upgrade', gateway.upgrade)
  const expireActions = new ExpireActions({
    timeouts: [stores.timeouts, stores.taskTimeouts],
    bus,
    clock,
    logger,
  })
  const {
    oldAddresses,
    expiredArtifacts: artifacts,
    staleThrottles: throttles,
    webhookOutbox: outbox,
  } = stores
  const forgetters = [
    forgetAddresses({ oldAddresses, clock, logger }),
    forgetAttachments({
      oldAttachments: stores.oldAttachments,
      keptForMs: config.attachments.keptForMs,
      clock,
      logger,
    }),
    forgetIdempotencyKeys({ oldKeys: stores.oldIdempotencyKeys, clock, logger }),
    forgetSignIns({ artifacts, throttles, clock, logger }),
    forgetWebhookDeliveries({ outbox, clock, logger }),
  ]
  const webhookDeliverer = new WebhookDeliverer({
    outbox,
    webhooksOf: (tenant) => stores.forTenant(tenant).webhooks,
    secrets: webhookSecrets,
    targets: webhookTargets,
    pageOf,
    bus,
    clock,
    logger,
    newId,
    random: Math.random,
  })
  const signatureFetcher =
    signatureMirror !== null && config.signatureMirror === 'fetched'
      ? new SignatureFetcher({
          mirror: signatureMirror,
          clock,
          logger,
          random: Math.random,
          env: process.env,
        })
      : undefined
  const auditOf = (tenant: TenantId) => stores.forTenant(tenant).audit
  const sealAudit = new SealAudit({ backlog: stores.auditBacklog, auditOf, signingKeys, clock, logger })
  const recordRefusals = new RecordRefusals({ refusals, auditOf, clock, logger, newId })
  const keepCallCounts = new KeepCallCounts({ limiter, callCounts: stores.callCounts, clock, logger })
  // In this order at the end, when nothing is called any more: what was begun is written, and then sealed.
  started.defer(() => sealAudit.stop())
  started.defer(() => recordRefusals.stop())
  started.defer(() => keepCallCounts.stop())
  started.defer(async () => {
    services.fleetEvents.close()
    services.actionWaits.close()
    await Promise.all([
      expireActions.stop(),
      ...forgetters.map((forgetter) => forgetter.stop()),
      webhookDeliverer.stop(),
      signatureFetcher?.stop(),
      gateway.drain(),
      closeHttp(http, drain, clock),
    ])
    await services.credentialUses.flush()
  })

  await keepCallCounts.start()
  const port = await listen(http, config)
  origins.list(originsOf(config, tls, port), aliasesOf(config))
  expireActions.start()
  for (const forgetter of forgetters) forgetter.start()
  webhookDeliverer.start()
  signatureFetcher?.start()
  recordRefusals.start()
  sealAudit.start()
  const running = started.move()
  let stopped: Promise<void> | undefined
  return {
    url: ownUrl(config, tls, port),
    port,
    origins: origins.all,
    stores,
    bus,
    stop: () => (stopped ??= running.disposeAsync()),
  }
}

/** A token says by its issuer alone whose keys must fit. */
function refuseOwnIssuers({ externalIssuers }: ServerConfig, origins: Origins): void {
  const own = externalIssuers.find(({ issuer }) => origins.own.includes(new URL(issuer).origin))
  if (own === undefined) return
  throw new ConfigError(`externalIssuers names ${own.issuer}, which is this server itself. Take it out.`)
}

/** Whoever runs this server should know what it takes the place of, and which clients will refuse it. */
function warnOfAliases({ aliases }: ServerConfig, tls: ServerTls | undefined, logger: Logger): void {
  if (aliases.login.length > 0) {
    logger.warn(
      { hosts: aliases.login },
      'this server answers as login host of Microsoft: let those names lead here on test machines alone, where nobody signs in at Microsoft',
    )
  }
  const unnamed = [...aliases.api, ...aliases.login].filter((host) => !tls?.names.includes(host))
  if (tls && unnamed.length > 0) {
    logger.warn({ hosts: unnamed }, 'the certificate does not name these aliases: clients will refuse it')
  }
}

/** A wrong sealing key shows now, not when the first client asks for a token. */
async function tryKeys(stores: Stores, signingKeys: SigningKeys): Promise<void> {
  const [first] = await stores.tenants.list()
  if (!first) return
  try {
    await signingKeys.tokenKeys(first.id)
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

async function listen(http: FastifyInstance, { listen }: ServerConfig): Promise<number> {
  try {
    await http.listen(listen)
  } catch (cause) {
    throw explainListen(cause, listen)
  }
  const address = http.server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return address.port
}

function explainListen(cause: unknown, { host, port }: ServerConfig['listen']): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const why = {
    EADDRINUSE: 'is in use',
    EACCES: 'needs more rights',
    EADDRNOTAVAIL: 'is not an address here',
  }[String(code)]
  if (why === undefined) return cause
  return new ConfigError(
    `${host}:${port} ${why}. Give another port with --port, or another address as listen.`,
    {
      cause,
    },
  )
}

/** New calls are refused at once; those under way may finish, within reason. */
async function closeHttp(http: FastifyInstance, drain: ConnectionDrain, clock: Clock): Promise<void> {
  const tooLong = clock.setTimer(FINISH_WITHIN_MS, () => drain.endAll())
  const closed = http.close()
  drain.begin()
  await closed
  tooLong.cancel()
}

function ownUrl({ listen: { host } }: ServerConfig, tls: ServerTls | undefined, port: number): string {
  const named = WILDCARD_HOST.test(host) ? '127.0.0.1' : host
  return new URL(`${tls ? 'https' : 'http'}://${named.includes(':') ? `[${named}]` : named}:${port}`).origin
}
