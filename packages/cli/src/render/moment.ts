/** A moment of the API to the second, such as `2026-11-23 08:12:26Z`: always UTC, so that lines of two people compare. */
export function formatMoment(wire: string | null): string {
  return wire === null ? '–' : wire.replace('T', ' ').replace(/\.\d+/, '')
}
