import { type Static, Type } from 'typebox'

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const TimeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: 'Such as "22:30".' })

/** A stretch of the week in which scans may work, by the machine's own clock and zone. */
export const ScanWindow = Type.Object({
  days: Type.Array(Type.Enum(WEEKDAYS), {
    minItems: 1,
    maxItems: 7,
    description: 'The days on which it begins.',
  }),
  from: TimeOfDay,
  to: { ...TimeOfDay, description: 'One that is not after `from` is of the next day.' },
})
export type ScanWindow = Static<typeof ScanWindow>

const PATH_TEXT = {
  minLength: 1,
  maxLength: 4_096,
  description: 'Absolute, such as "/srv/mail" or "C:\\Mail".',
}
const ABSOLUTE = '^(/|[A-Za-z]:[\\\\/])'

/** A path as people write it; `whyNotPaths` says in words what is wrong with one. */
export const PathText = Type.String(PATH_TEXT)

/** A path as it goes to machines. */
export const AbsolutePathText = Type.String({ ...PATH_TEXT, pattern: ABSOLUTE })

/** True for a path from the root on, as any system writes it. */
export function isAbsolutePath(path: string): boolean {
  return new RegExp(ABSOLUTE).test(path)
}

/** What a CPU ceiling may be. */
export const CPU_CEILING_PERCENT = { minimum: 5, maximum: 100 } as const

/**
 * How a scan is to be made. The server decides it for the machine's device group; what the machine itself lays down
 * (its policy file) can only narrow it.
 */
export const ScanSettings = Type.Object({
  exclusions: Type.Array(AbsolutePathText, {
    maxItems: 100,
    description: 'Folders and files that are met and not opened; the report counts them as excluded.',
  }),
  cpuCeilingPercent: Type.Integer({
    ...CPU_CEILING_PERCENT,
    description: 'Of all cores together, what agent and engine may use while they scan.',
  }),
  windows: Type.Array(ScanWindow, {
    maxItems: 28,
    description: 'When the scan may work; outside of them it pauses. None means at any time.',
  }),
  onDetection: Type.Union([Type.Literal('report'), Type.Literal('quarantine')], {
    description: 'What becomes of a file in which a threat was found.',
  }),
  rescan: Type.Boolean({ description: 'True reads every file again, also those known not to have changed.' }),
})
export type ScanSettings = Static<typeof ScanSettings>

/** What holds where nobody has laid down anything else. */
export const DEFAULT_SCAN_SETTINGS: ScanSettings = {
  exclusions: [],
  cpuCeilingPercent: 50,
  windows: [],
  onDetection: 'report',
  rescan: false,
}
