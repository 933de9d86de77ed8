/** Such as `12,345`. */
export function formatCount(n: number): string {
  return n.toLocaleString('en-US')
}

/** With its noun, such as `1 file` or `2,000 files`. */
export function countOf(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Such as `68 B` or `329.7 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${formatCount(bytes)} B`
  let value = bytes / 1_024
  let unit = 0
  // 1,023.95 would be printed as 1,024.0: that is the next unit's 1.0.
  while (value >= 1_023.95 && unit < UNITS.length - 1) {
    value /= 1_024
    unit++
  }
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 }
  return `${value.toLocaleString('en-US', digits)} ${UNITS[unit]}`
}

/** Such as `0.4 s`, `12 s`, `3 min 5 s` or `2 h 10 min`. */
export function formatDuration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return both(`${minutes} min`, seconds % 60, 's')
  return both(`${formatCount(Math.floor(minutes / 60))} h`, minutes % 60, 'min')
}

function both(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest} ${unit}`
}
