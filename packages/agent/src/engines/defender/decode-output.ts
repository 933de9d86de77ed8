import { parseJson } from '../../os/parse-json.ts'

/**
 * Text of what a Windows program wrote: UTF-16 or UTF-8 by its byte order mark, and UTF-16 without one where every
 * second of the first bytes is zero, as it is in anything that begins like JSON. Bytes that fit neither become U+FFFD.
 */
export function decodeOutput(output: Uint8Array): string {
  return new TextDecoder(encodingOf(output)).decode(output)
}

function encodingOf(output: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = output
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first !== undefined && first !== 0 && second === 0) return 'utf-16le'
  return 'utf-8'
}

/**
 * What `… | ConvertTo-Json` wrote, as a list: Windows PowerShell writes nothing for no object, a bare object for one,
 * and an array for more. `undefined` when it is not JSON: never the same as "nothing there".
 */
export function parsePowerShellList(output: Uint8Array): unknown[] | undefined {
  const text = decodeOutput(output).trim()
  if (text === '') return []
  const value = parseJson(text)
  if (value === undefined) return undefined
  if (value === null) return []
  return Array.isArray(value) ? value : [value]
}

/**
 * A moment as PowerShell writes it into JSON, in milliseconds since the epoch: `/Date(1700000000000)/` by Windows
 * PowerShell, ISO 8601 by PowerShell 7. `undefined` for anything else, for ISO 8601 without a zone, which is no
 * moment, and for the years before 1970, by which Microsoft's classes mean "never" (12/31/1600).
 */
export function parsePowerShellMoment(text: string): number | undefined {
  const ticks = /^\/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\/$/.exec(text)?.[1]
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?(?:Z|[+-]\d\d:\d\d)$/.test(text)
  const ms = ticks === undefined ? (iso ? Date.parse(text) : Number.NaN) : Number(ticks)
  return Number.isNaN(new Date(ms).getTime()) || ms < 0 ? undefined : ms
}
