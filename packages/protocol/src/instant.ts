/** A moment: integer microseconds since the Unix epoch. The same integer in memory, SQLite and PostgreSQL. */
export type Instant = number & { readonly __brand: 'Instant' }

export const MICROSECONDS_PER_MS = 1_000

/** Makes an `Instant` of a JavaScript time value in milliseconds, which may have a fraction. */
export function instantFromMs(ms: number): Instant {
  return Math.round(ms * MICROSECONDS_PER_MS) as Instant
}

/** The moment `ms` milliseconds after (or, negative, before) another. */
export function addMs(instant: Instant, ms: number): Instant {
  return (instant + Math.round(ms * MICROSECONDS_PER_MS)) as Instant
}

/** Milliseconds from one moment to another. */
export function msBetween(from: Instant, to: Instant): number {
  return (to - from) / MICROSECONDS_PER_MS
}

/**
 * Writes a moment as the API prints it: ISO 8601 in UTC, trailing zeros of the fraction trimmed.
 *
 * @example formatInstant(instantFromMs(0)) === '1970-01-01T00:00:00Z'
 */
export function formatInstant(instant: Instant): string {
  const ms = Math.floor(instant / MICROSECONDS_PER_MS)
  const micros = instant - Math.floor(instant / 1_000_000) * 1_000_000
  const seconds = new Date(ms).toISOString().slice(0, 19)
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`
  return `${seconds}${fraction}Z`
}

const iso = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?)?(Z|[+-]\d{2}:\d{2})?$/i

/**
 * Reads ISO 8601 with 0 to 7 fraction digits, or a date alone (`2018-08-01`, `2018-08-01Z`); without an offset
 * it is UTC. The seventh digit (100 ns) is dropped.
 *
 * @returns `undefined` when the text is not such a moment, or names a day or hour that does not exist
 */
export function parseInstant(text: string): Instant | undefined {
  const match = iso.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', offset = 'Z'] = match
  const seconds = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  // Not `Date.UTC`, which takes the year 1, where the clock of .NET begins, for 1901.
  const ms = Date.parse(`${seconds}Z`)
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== seconds) return undefined
  const micros = Number(fraction.padEnd(6, '0').slice(0, 6))
  return (ms * MICROSECONDS_PER_MS + micros - offsetMs(offset) * MICROSECONDS_PER_MS) as Instant
}

function offsetMs(offset: string): number {
  if (offset.toUpperCase() === 'Z') return 0
  const sign = offset.startsWith('-') ? -1 : 1
  return sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6))) * 60_000
}
