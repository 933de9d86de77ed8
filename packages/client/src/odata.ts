/**
 * Writes a filter with values from anywhere in it: text is quoted, so that nothing in it can become part of the filter.
 *
 * @example odata`machineTags/any(t: t eq ${tag}) and lastSeen gt ${since}`
 */
export function odata(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | boolean | Date)[]
): string {
  return String.raw({ raw: parts }, ...values.map(written))
}

function written(value: string | number | boolean | Date): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  return value instanceof Date ? value.toISOString() : String(value)
}
