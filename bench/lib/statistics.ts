/** The value that a share of all values does not exceed; `quantile(values, 0.5)` is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  if (value === undefined) throw new Error('There are no values.')
  return value
}

export function round(value: number, digits = 3): number {
  return Number(value.toPrecision(digits))
}
