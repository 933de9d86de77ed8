import { ODataError } from '@fleetsweep/protocol'
import type { NamedField, ODataFields } from './odata-field.ts'

/** Edits that still make one name out of another. */
const NEAR = 2

/** Where a caller named a property. */
export type Place = { option: '$filter' | '$orderby'; field: string; position?: number | undefined }

/** @throws ODataError that tells of the properties that there are, when there is no such */
export function findField({ option, field, position }: Place, fields: ODataFields): NamedField {
  const known = fields.get(field.toLowerCase())
  if (known) return known
  const names = [...fields.values()].map(({ name }) => name)
  const near = names.filter((name) => isNear(name.toLowerCase(), field.toLowerCase()))
  const one = near.length > 0 ? near : names
  const expected = one.length === 1 ? `the property ${one[0]}` : `a property (${one.join(', ')})`
  throw new ODataError(option, position, expected, quoted(field))
}

/** A caller's word, for a message: never longer than a few words. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 30 ? `${text.slice(0, 30)}…` : text)
}

function isNear(name: string, given: string): boolean {
  if (given.length > 2 && (name.includes(given) || given.includes(name))) return true
  const shorter = Math.min(name.length, given.length)
  return Math.abs(name.length - given.length) <= NEAR && distance(name, given) <= Math.min(NEAR, shorter - 1)
}

/** How many letters to add, drop or change to make one word of another. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1]
    for (let at = 0; at < to.length; at += 1) {
      const changed = (row[at] ?? 0) + (to[at] === letter ? 0 : 1)
      next.push(Math.min(changed, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
