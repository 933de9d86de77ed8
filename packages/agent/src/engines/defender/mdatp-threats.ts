import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { LazySchema } from '../../kit/lazy-schema.ts'
import { parseJson } from '../../os/parse-json.ts'
import type { DefenderDetection } from './threat-detections.ts'
import { NAMELESS_PLACE, type ThreatPlace } from './threat-resource.ts'

/** One entry of the history of threats. */
export type MdatpThreat = {
  /** The same for entries that say the same. */
  digest: string
  name: string
  /** Such as `quarantined`; empty where it does not say. */
  status: string
  /** Absolute paths; empty where it names none. */
  paths: string[]
}

const Fields = Type.Record(Type.String(), Type.Unknown())
const Step = Type.Object({
  key: Type.Union([Type.String(), Type.Number()]),
  value: Type.Union([Type.String(), Type.Object({ $type: Type.String() })]),
})
const History = Type.Array(Step, { minItems: 1 })
type History = Static<typeof History>
const fields = new LazySchema(Fields)
const history = new LazySchema(History)

/** How deep a threat is looked through for paths. */
const MAX_DEPTH = 6

/**
 * Reads `mdatp threat list`. Of its JSON no description is published; what programs read of it is
 * `threats.scans[].threats[]`, each with `threat.name` and a `history` whose entry with the highest `key` is the
 * current status. Whatever else holds a path is taken for a place of it. Versions without `--output json` write blocks
 * of lines, `Id`, `Name`, `Type`, `Detection time`, `Status`, or that there are no threats.
 *
 * @returns `undefined` when it is neither: never the same as "no threats"
 * @see https://learn.microsoft.com/en-us/defender-endpoint/linux-resources
 */
export function readMdatpThreats(output: string): MdatpThreat[] | undefined {
  const json = parseJson(output)
  if (json === undefined) return readLines(output)
  const entries = entriesOf(json)
  if (entries === undefined) return undefined
  const threats = entries.map(readEntry)
  return threats.includes(undefined) ? undefined : threats.filter((threat) => threat !== undefined)
}

/**
 * What is in a history that was not in an earlier one: each entry as many times more as it stands there. So nothing
 * need be known of how the program writes times; a threat that is found again has one entry more, or a longer history.
 */
export function newThreats(before: readonly string[], now: readonly MdatpThreat[]): MdatpThreat[] {
  const known = new Map<string, number>()
  for (const digest of before) known.set(digest, (known.get(digest) ?? 0) + 1)
  return now.filter(({ digest }) => {
    const left = known.get(digest) ?? 0
    known.set(digest, left - 1)
    return left <= 0
  })
}

/** `quarantined` only where mdatp says so in this very word; what it calls anything else is reported. */
export function detectionsOf(threat: MdatpThreat): DefenderDetection[] {
  const places: ThreatPlace[] = threat.paths.map((path) => ({ path, innerPath: null, isFile: true }))
  return (places.length > 0 ? places : [NAMELESS_PLACE]).map((place) => ({
    ...place,
    threatName: threat.name,
    quarantined: /^quarantined$/i.test(threat.status),
  }))
}

/** Lists in lists: of scans, and of the threats of each. */
function entriesOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value
  if (!fields.Check(value)) return undefined
  if (value.scans === undefined) return value.threats === undefined ? undefined : entriesOf(value.threats)
  const ofScans = entriesOf(value.scans)?.map(entriesOf)
  return ofScans === undefined || ofScans.includes(undefined) ? undefined : ofScans.flat()
}

function readEntry(entry: unknown): MdatpThreat | undefined {
  if (!fields.Check(entry)) return undefined
  const threat = fields.Check(entry.threat) ? entry.threat : entry
  const name = threat.name ?? threat.threatName ?? threat.threat_name
  if (typeof name !== 'string' || name === '') return undefined
  const steps = entry.history ?? threat.history
  const status = history.Check(steps) ? lastStatus(steps) : (threat.status ?? '')
  return {
    digest: digestOf(entry),
    name,
    status: typeof status === 'string' ? status : '',
    paths: [...new Set(pathsIn(threat, 0))],
  }
}

function lastStatus(steps: History): string {
  const isLater = (a: string | number, b: string | number) => {
    const [left, right] = [Number(a), Number(b)]
    return Number.isNaN(left - right) ? String(a) > String(b) : left > right
  }
  const { value } = steps.reduce((last, step) => (isLater(step.key, last.key) ? step : last))
  return typeof value === 'string' ? value : value.$type
}

function pathsIn(value: unknown, depth: number): string[] {
  if (typeof value === 'string') {
    const path = value.replace(/^file:(_|\/\/)(?=\/)/, '')
    return path.startsWith('/') ? [path] : []
  }
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap((one) => pathsIn(one, depth + 1))
}

/** Of what it says, not of the order in which its fields stand. */
function digestOf(entry: unknown): string {
  const sorted = (_name: string, value: unknown) =>
    fields.Check(value) && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value
  return createHash('sha256').update(JSON.stringify(entry, sorted)).digest('hex')
}

function readLines(output: string): MdatpThreat[] | undefined {
  if (/^[ \t]*no threats\b/im.test(output)) return []
  const blocks = output.split(/^(?=[ \t]*id[ \t]*:)/im).filter((block) => /^[ \t]*id[ \t]*:/i.test(block))
  if (blocks.length === 0) return undefined
  const threats = blocks.map((block) => {
    // A name may be anybody's, so no part of this can match the same blanks as another.
    const lines = [...block.matchAll(/^[ \t]*([A-Za-z]+(?: [A-Za-z]+)*)[ \t]*:(.*)$/gm)]
    const entry = Object.fromEntries(
      lines.map(([, name = '', value = '']) => [name.toLowerCase(), withoutQuotes(value.trim())]),
    )
    return readEntry(entry)
  })
  return threats.includes(undefined) ? undefined : threats.filter((threat) => threat !== undefined)
}

function withoutQuotes(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}
