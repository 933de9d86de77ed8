import { existsSync, readFileSync } from 'node:fs'
import { ScanWindow } from '@fleetsweep/protocol'
import { parse } from 'smol-toml'
import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { LOG_LEVELS } from '../os/logger.ts'

const AbsolutePath = Type.String({ pattern: process.platform === 'win32' ? '^[A-Za-z]:[\\\\/]' : '^/' })
/** On any system. */
const ProgramPath = Type.String({ pattern: '^(/|[A-Za-z]:[\\\\/])' })
const HttpAddress = Type.String({ pattern: '^https?://[^\\s"]+$' })
const Closed = { additionalProperties: false }

/** The configuration file of the agent, `agent.toml`. Everything in it may be absent. */
export const AgentConfig = Type.Object(
  {
    /** Folder for identity, journal and work. */
    state: Type.Optional(AbsolutePath),
    logLevel: Type.Optional(Type.Enum(LOG_LEVELS)),
    engine: Type.Optional(
      Type.Object(
        {
          /** Default `auto`: Microsoft Defender on Windows, ClamAV elsewhere. */
          kind: Type.Optional(Type.Enum(['auto', 'clamav', 'defender'])),
          /** `MpCmdRun.exe` and Windows PowerShell, in place of those that Windows has. */
          mpCmdRun: Type.Optional(ProgramPath),
          powerShell: Type.Optional(ProgramPath),
          /** `mdatp`, in place of the one that Linux or macOS has. */
          mdatp: Type.Optional(ProgramPath),
          /** The `clamd` program to start. */
          clamd: Type.Optional(AbsolutePath),
          /** Folder of the signature databases. */
          databaseDir: Type.Optional(AbsolutePath),
          /** The clamd.conf of a clamd that runs on this machine already: that one is used, and none is started. */
          existing: Type.Optional(AbsolutePath),
          /** Default `onDemand`: started for a scan. `resident`: started with the agent, and kept. */
          life: Type.Optional(Type.Union([Type.Literal('onDemand'), Type.Literal('resident')])),
          /** How long one that is started on demand waits for the next scan. Default: 15. */
          idleMinutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_080 })),
          /** Default `auto`: in memory where there is plenty of it. `disk`: in the agent's folder. */
          temporaryFiles: Type.Optional(Type.Enum(['auto', 'disk'])),
          /** Set for the engine on top of its own environment. */
          env: Type.Optional(Type.Record(Type.String(), Type.String())),
        },
        Closed,
      ),
    ),
    signatures: Type.Optional(
      Type.Object(
        {
          /** Default `auto`: by the agent with freshclam, unless the distribution's own freshclam runs. */
          update: Type.Optional(Type.Union([Type.Literal('auto'), Type.Literal('never')])),
          /** The `freshclam` program. */
          freshclam: Type.Optional(AbsolutePath),
          /** Default true: a server that is a mirror is used where no other is named. */
          serverMirror: Type.Optional(Type.Boolean()),
          /** Address of a mirror in place of ClamAV's own. */
          mirror: Type.Optional(HttpAddress),
          /** Certificate authorities (PEM) that freshclam believes in place of the system's. */
          ca: Type.Optional(AbsolutePath),
          /** Default true: ClamAV's own, signed databases. */
          official: Type.Optional(Type.Boolean()),
          /** Addresses of further databases, which nobody signs. */
          customUrls: Type.Optional(Type.Array(HttpAddress, { maxItems: 20 })),
        },
        Closed,
      ),
    ),
    scan: Type.Optional(
      Type.Object(
        {
          /** What a quick scan looks at, in place of the usual places. */
          quickPlaces: Type.Optional(Type.Array(AbsolutePath)),
          /** How much of one place a quick scan looks at, newest first; what lies beyond is reported as cut. */
          quickCap: Type.Optional(
            Type.Object({ files: Type.Integer({ minimum: 1 }), bytes: Type.Integer({ minimum: 1 }) }, Closed),
          ),
          /** Where a full scan begins, in place of every local file system. */
          fullRoots: Type.Optional(Type.Array(AbsolutePath)),
        },
        Closed,
      ),
    ),
  },
  Closed,
)
export type AgentConfig = Static<typeof AgentConfig>

/**
 * What the owner of the machine allows, `policy.toml`. It only ever narrows what the server asks; the server can
 * neither read nor change it.
 */
export const AgentPolicy = Type.Object(
  {
    /** Only what lies in these folders is scanned; without it, everything is. */
    allowedPaths: Type.Optional(Type.Array(AbsolutePath, { minItems: 1 })),
    /** Folders and files that no scan opens; each report says so. */
    exclude: Type.Optional(Type.Array(AbsolutePath, { maxItems: 100 })),
    /** Of all cores together, what scans may use at most. */
    cpuCeilingPercent: Type.Optional(Type.Integer({ minimum: 5, maximum: 100 })),
    /** When scans may work, by the machine's own clock; outside of these they wait or pause. */
    windows: Type.Optional(Type.Array(ScanWindow, { minItems: 1, maxItems: 28 })),
    /** False: no file of this machine is moved to quarantine, whatever the server asks. */
    quarantine: Type.Optional(Type.Boolean()),
  },
  Closed,
)
export type AgentPolicy = Static<typeof AgentPolicy>

/** Why a configuration file cannot be used; the message names file, place and what is wrong. */
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConfigError'
  }
}

/**
 * Reads the configuration.
 *
 * @param mustExist true for a file that somebody named
 * @throws ConfigError when the file is not what it should be: nothing is guessed
 */
export function readAgentConfig(path: string, mustExist: boolean): AgentConfig {
  return readToml(AgentConfig, path, mustExist)
}

/** Reads the policy; one that cannot be understood allows nothing, so the agent does not start with it. */
export function readAgentPolicy(path: string): AgentPolicy {
  return readToml(AgentPolicy, path, false)
}

function readToml<Schema extends TSchema>(schema: Schema, path: string, mustExist: boolean): Static<Schema> {
  if (!mustExist && !existsSync(path)) return Compile(schema).Parse({})
  let content: unknown
  try {
    content = parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new ConfigError(
      `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  }
  const validator = Compile(schema)
  if (validator.Check(content)) return content
  const [error] = validator.Errors(content)
  throw new ConfigError(`${path}: ${error?.instancePath || '/'} ${error?.message ?? 'is wrong'}.`)
}
