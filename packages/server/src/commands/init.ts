import { randomBytes, randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { API_HOSTS } from '@fleetsweep/protocol'
import { type InitialisedServer, type InitOptions, initServer } from '../init/index.ts'
import { systemClock } from '../kit/clock.ts'
import { type ServerCommand, type ServerCommandCall, UsageError } from './server-command.ts'

/** Microsoft's own audience: what clients of the Defender API ask a token for. */
const AUDIENCE = 'https://api.securitycenter.microsoft.com/.default'

export const init: ServerCommand = {
  name: 'init',
  summary: 'Set up a server: keys, certificate, database, first application',
  usage: `Usage: fleetsweep init [options]

  --data <folder>          data directory; FLEETSWEEP_DATA, or the usual place for the user
  --host <name>            name or address of this server, for its certificate; may stand more than once
  --tls-cert <file>        your own certificate (PEM) instead of one from a local authority …
  --tls-key <file>         … and its key
  --no-tls                 speak plain HTTP, on loopback only unless a proxy stands in front
  --trusted-proxy <addr>   a proxy in front, by address or network such as 10.1.0.0/16: it may speak TLS for this
                           server and say where calls come from (give --origin too); may stand more than once
  --alias <name>           for test machines: a name of Microsoft's that leads here, and into the certificate:
                           ${[...Object.keys(API_HOSTS), 'login'].join(', ')}, or a single host; may stand more than once
  --origin <url>           origin under which clients reach the server; may stand more than once
  --listen <addr:port>     where to listen; 0.0.0.0:8443, or 127.0.0.1:8443 without TLS
  --database <address>     "sqlite", or postgres://user@host/database
  --tenant-domain <name>   the tenant's other name in paths; fleetsweep.local
  --application <name>     display name of the first application; First application
  --administrator <name>   user name of the first administrator; admin@ and the tenant's domain
  --json                   print JSON for programs`,
  options: {
    data: { type: 'string' },
    host: { type: 'string', multiple: true },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
    'no-tls': { type: 'boolean' },
    'trusted-proxy': { type: 'string', multiple: true },
    alias: { type: 'string', multiple: true },
    origin: { type: 'string', multiple: true },
    listen: { type: 'string' },
    database: { type: 'string' },
    'tenant-domain': { type: 'string' },
    application: { type: 'string' },
    administrator: { type: 'string' },
    json: { type: 'boolean' },
  },
  async run(call) {
    const { io } = call
    const made = await initServer(readOptions(call), {
      env: io.env,
      clock: systemClock,
      newId: randomUUID,
      randomBytes,
      writerEntry: io.writerEntry,
    })
    io.out(call.flag('json') ? `${JSON.stringify(made)}\n` : describe(made))
    return 0
  },
}

function readOptions(call: ServerCommandCall): InitOptions {
  if (call.args[0] !== undefined) throw new UsageError(`"${call.args[0]}" is not expected here.`)
  return {
    dataDir: call.text('data'),
    hosts: call.texts('host'),
    tls: readTls(call),
    listen: call.text('listen'),
    publicOrigins: call.texts('origin'),
    trustedProxies: call.texts('trusted-proxy'),
    aliases: call.texts('alias'),
    database: call.text('database'),
    tenantDomain: call.text('tenant-domain') ?? 'fleetsweep.local',
    applicationName: call.text('application') ?? 'First application',
    administrator: call.text('administrator'),
  }
}

function readTls(call: ServerCommandCall): InitOptions['tls'] {
  const cert = call.text('tls-cert')
  const key = call.text('tls-key')
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--tls-cert and --tls-key go together.')
  }
  if (cert === undefined || key === undefined) return call.flag('no-tls') ? 'off' : 'local'
  if (call.flag('no-tls')) throw new UsageError('--no-tls and --tls-cert exclude each other.')
  // In the configuration, a path begins at the data directory; here, where the command was called.
  return { cert: resolve(cert), key: resolve(key) }
}

function describe({
  dataDir,
  origin,
  tenant,
  application,
  administrator,
  caFile,
}: InitialisedServer): string {
  const trust = caFile === null ? '' : `--cacert ${quote(caFile)} `
  return `Fleetsweep is set up in ${dataDir}.

  Tenant id        ${tenant.id} (${tenant.domain})
  Application      ${application.displayName}
  Application id   ${application.id}
  Secret           ${application.secret}
  Permissions      ${application.permissions.join(', ')}
${caFile === null ? '' : `  CA certificate   ${caFile}\n`}
The secret is shown this once; the server keeps only its hash.${until(application.secretExpiresAt)}

Start the server:

  fleetsweep server --data ${quote(dataDir)}

Then open this link within three days and choose the password of ${administrator.userPrincipalName}. It works once:

  ${administrator.url}

And, from a shell:

  TOKEN=$(curl -s ${trust}${origin}/${tenant.id}/oauth2/v2.0/token \\
    -d grant_type=client_credentials -d client_id=${application.id} \\
    -d client_secret=${application.secret} -d scope=${AUDIENCE} \\
    | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl ${trust}-H "Authorization: Bearer $TOKEN" ${origin}/api/machines
`
}

function until(expiresAt: string | null): string {
  if (expiresAt === null) return ''
  return ` It is good until ${expiresAt.slice(0, 10)};
before then, add another with: fleetsweep applications secrets add <application id>`
}

/** For a shell, where a path may hold blanks. */
function quote(path: string): string {
  return /^[\w./:@-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
