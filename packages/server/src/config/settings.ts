import { ALL_API_HOSTS, API_HOSTS, LOGIN_HOSTS } from '@fleetsweep/protocol'
import { type TSchema, Type } from 'typebox'
import { isNetwork } from '../kit/http/index.ts'
import { ExternalIssuerEntry } from './external-issuer.ts'
import { LOG_LEVELS, SIGNATURE_MIRROR_MODES } from './server-config.ts'

/** One thing to configure: its name in the file, in the environment, and what it accepts. */
export type Setting<S extends TSchema = TSchema> = {
  /** In `fleetsweep.toml`; a dot stands for a table. */
  key: string
  env: string
  schema: S
  /** Completes "must be …". */
  wants: string
  /** The environment knows only text: makes of it what the file would have said. */
  fromText: (text: string) => unknown
}

function setting<S extends TSchema>(
  key: string,
  env: string,
  schema: S,
  wants: string,
  fromText: (text: string) => unknown = (text) => text,
): Setting<S> {
  return { key, env, schema, wants, fromText }
}

const Hours = Type.Number({ exclusiveMinimum: 0, maximum: 8_760 })
const hours = 'a number of hours, more than 0 and at most 8760'

function megabytes(key: string, env: string) {
  const schema = Type.Integer({ minimum: 0, maximum: 1_000_000_000 })
  const wants = 'a whole number of MiB, 0 for none'
  return setting(`attachments.${key}`, `FLEETSWEEP_ATTACHMENTS_${env}`, schema, wants, numberFromText)
}

const CLOUDS = Object.keys(API_HOSTS)

/** Every setting that there is; docs/configuration.md lists the same. */
export const SETTINGS = {
  listen: setting(
    'listen',
    'FLEETSWEEP_LISTEN',
    Type.String({ pattern: '^(\\[[0-9A-Fa-f:.]+\\]|[^:\\[\\]\\s]+):\\d{1,5}$' }),
    'an address and a port, such as "0.0.0.0:8443" or "[::1]:8443"',
  ),
  publicOrigins: setting(
    'publicOrigins',
    'FLEETSWEEP_PUBLIC_ORIGINS',
    Type.Array(Type.String({ pattern: '^https?://[^/?#@\\s]+$' })),
    'a list of origins, such as ["https://fleet.example"], without a path',
    listFromText,
  ),
  database: setting(
    'database',
    'FLEETSWEEP_DATABASE',
    Type.String({ pattern: '^(sqlite|postgres(ql)?://.+)$' }),
    '"sqlite", or the address of a PostgreSQL database, such as "postgres://user@host/fleetsweep"',
  ),
  tls: setting(
    'tls',
    'FLEETSWEEP_TLS',
    Type.Union([Type.Literal('off'), Type.Object({ cert: Type.String(), key: Type.String() })]),
    '"off", or two PEM files: { cert = "server.crt", key = "server.key" } in the file, "server.crt,server.key" in the environment',
    (text) => {
      const [cert, key, ...rest] = listFromText(text)
      return key === undefined || rest.length > 0 ? text : { cert, key }
    },
  ),
  trustedProxies: setting(
    'trustedProxies',
    'FLEETSWEEP_TRUSTED_PROXIES',
    Type.Array(Type.Refine(Type.String(), isNetwork)),
    'a list of IP addresses and networks, such as ["10.0.0.5", "10.1.0.0/16"]',
    listFromText,
  ),
  apiAliases: setting(
    'aliases.api',
    'FLEETSWEEP_API_ALIASES',
    Type.Array(Type.Enum([...CLOUDS, ...ALL_API_HOSTS])),
    `a list of ${CLOUDS.join(', ')}, or of single hosts of Microsoft's API such as "api.security.microsoft.com"`,
    listFromText,
  ),
  loginAliases: setting(
    'aliases.login',
    'FLEETSWEEP_LOGIN_ALIASES',
    Type.Union([Type.Boolean(), Type.Array(Type.Enum([...LOGIN_HOSTS]))]),
    `true, false, or a list of ${LOGIN_HOSTS.join(', ')}`,
    (text) => booleanFromText(text) ?? listFromText(text),
  ),
  externalIssuers: setting(
    'externalIssuers',
    'FLEETSWEEP_EXTERNAL_ISSUERS',
    Type.Array(ExternalIssuerEntry),
    'a list of issuers as docs/external-issuers.md describes them, in the environment as JSON',
    jsonFromText,
  ),
  webhookNetworks: setting(
    'webhookNetworks',
    'FLEETSWEEP_WEBHOOK_NETWORKS',
    Type.Array(Type.Refine(Type.String(), isNetwork)),
    'a list of IP addresses and networks, such as ["10.2.0.0/16"]',
    listFromText,
  ),
  pendingHours: setting('timeouts.pendingHours', 'FLEETSWEEP_PENDING_HOURS', Hours, hours, numberFromText),
  silenceHours: setting('timeouts.silenceHours', 'FLEETSWEEP_SILENCE_HOURS', Hours, hours, numberFromText),
  checkpointSilenceHours: setting(
    'timeouts.checkpointSilenceHours',
    'FLEETSWEEP_CHECKPOINT_SILENCE_HOURS',
    Hours,
    hours,
    numberFromText,
  ),
  attachmentPerScanMb: megabytes('perScanMb', 'PER_SCAN_MB'),
  attachmentPerMachineMb: megabytes('perMachineMb', 'PER_MACHINE_MB'),
  attachmentPerTenantMb: megabytes('perTenantMb', 'PER_TENANT_MB'),
  attachmentKeptDays: setting(
    'attachments.keptDays',
    'FLEETSWEEP_ATTACHMENTS_KEPT_DAYS',
    Type.Integer({ minimum: 1, maximum: 3_650 }),
    'a whole number of days, from 1 to 3650',
    numberFromText,
  ),
  signatureMirror: setting(
    'signatureMirror',
    'FLEETSWEEP_SIGNATURE_MIRROR',
    Type.Enum(SIGNATURE_MIRROR_MODES),
    `one of ${SIGNATURE_MIRROR_MODES.join(', ')}`,
  ),
  logLevel: setting(
    'logLevel',
    'FLEETSWEEP_LOG_LEVEL',
    Type.Enum(LOG_LEVELS),
    `one of ${LOG_LEVELS.join(', ')}`,
  ),
}

/** Settings that were there once, and what to write instead. */
export const FORMER_SETTINGS = [
  {
    key: 'behindProxy',
    env: 'FLEETSWEEP_BEHIND_PROXY',
    instead:
      'Take it out; if a proxy stands in front, name it: trustedProxies = ["10.0.0.5", "10.1.0.0/16"].',
  },
] as const

function listFromText(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function booleanFromText(text: string): boolean | undefined {
  return { true: true, false: false }[text]
}

function jsonFromText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function numberFromText(text: string): unknown {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
}
