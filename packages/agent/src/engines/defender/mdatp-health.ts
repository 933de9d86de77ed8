import type { DefenderMode } from '@fleetsweep/protocol'
import { Type } from 'typebox'
import { LazySchema } from '../../kit/lazy-schema.ts'
import { parseJson } from '../../os/parse-json.ts'

/** What `mdatp health` says, as far as a scan needs to know. */
export type MdatpHealth = {
  /** Without a licence mdatp says "0 threats" of EICAR, too. */
  isLicensed: boolean
  /** What it finds wrong with itself; empty where it calls itself healthy. */
  issues: string[]
  /** Undefined for a mode that has no name of its own, such as protection on demand alone. */
  mode: DefenderMode | undefined
  /** Null where it does not say. */
  version: string | null
  /** Null when it has nothing to compare with. */
  definitions: { version: string; updatedAtMs: number | undefined } | null
  /** False only where it says so. */
  isEngineLoaded: boolean
}

const Fields = Type.Record(Type.String(), Type.Unknown())
const Wrapped = Type.Object({ value: Type.Unknown() })
const Kind = Type.Object({ $type: Type.String() })
const Texts = Type.Array(Type.String())
const fields = new LazySchema(Fields)
const wrapped = new LazySchema(Wrapped)
const kind = new LazySchema(Kind)
const texts = new LazySchema(Texts)

/**
 * Reads `mdatp health`, as JSON or as the lines that a version without `--output json` writes. The names are
 * `appVersion` in JSON and `app_version` in lines; what a policy can set is wrapped, as `{"value":true,…}` or with
 * ` [managed]` behind it.
 *
 * @returns `undefined` when it does not say whether it is licensed: then nothing else of it is believed
 * @see https://learn.microsoft.com/en-us/defender-endpoint/health-status
 * @see https://github.com/glpi-project/glpi-agent/blob/develop/resources/linux/antivirus/defender-101.23062.0010.json
 */
export function readMdatpHealth(output: string): MdatpHealth | undefined {
  const seen = readFields(output)
  const isLicensed = seen.get('licensed')
  if (typeof isLicensed !== 'boolean') return undefined
  const issues = seen.get('health_issues')
  const isHealthy = seen.get('healthy') === true
  const named = texts.Check(issues) ? issues : []
  return {
    isLicensed,
    issues: isHealthy ? [] : named.length > 0 ? named : ['it does not say why'],
    mode: modeOf(seen),
    version: textOf(seen.get('app_version')),
    definitions: definitionsOf(seen),
    isEngineLoaded: !/not.?loaded|fail|down/i.test(String(seen.get('engine_load_status') ?? '')),
  }
}

function modeOf(seen: ReadonlyMap<string, unknown>): DefenderMode | undefined {
  if (seen.get('passive_mode_enabled') === true) return 'Passive Mode'
  return seen.get('real_time_protection_enabled') === true ? 'Normal' : undefined
}

function definitionsOf(seen: ReadonlyMap<string, unknown>): MdatpHealth['definitions'] {
  const version = textOf(seen.get('definitions_version'))
  if (version === null || version === 'unavailable') return null
  // Milliseconds since the epoch in JSON; in lines a time of day without a zone, which is no moment.
  const updated = textOf(seen.get('definitions_updated')) ?? ''
  return { version, updatedAtMs: /^\d{12,14}$/.test(updated) ? Number(updated) : undefined }
}

/** By the names that the lines have, whatever the form. */
function readFields(output: string): ReadonlyMap<string, unknown> {
  const json = parseJson(output)
  if (fields.Check(json)) {
    return new Map(Object.entries(json).map(([name, value]) => [plainName(name), unwrap(value)]))
  }
  const lines = [...output.matchAll(/^([A-Za-z_]+)[ \t]*:(.*)$/gm)]
  return new Map(
    lines.map(([, name = '', text = '']) => {
      const value = text
        .trim()
        .replace(/\[managed\]$/, '')
        .trim()
      return [plainName(name), parseJson(value) ?? value]
    }),
  )
}

function plainName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function unwrap(value: unknown): unknown {
  if (wrapped.Check(value)) return value.value
  return kind.Check(value) ? value.$type : value
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 64) : null
}
