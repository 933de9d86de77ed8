import { type Static, Type } from 'typebox'
import { isAbsolutePath, PathText, ScanSettings } from '../scan/scan-settings.ts'

/**
 * Most that the exclusions of one policy hold together, counted as JSON writes them (`\` and `"` count twice), because
 * an order must fit its frame whatever else stands in it.
 */
export const MAX_EXCLUSIONS_LENGTH = 20_000
/** Most that the paths of one `Custom` scan hold together, counted likewise. */
export const MAX_SCAN_PATHS_LENGTH = 8_000
/** Most exclusions of one policy. */
export const MAX_EXCLUSIONS = 100
/** Most windows of one policy. */
export const MAX_WINDOWS = 28
/** Most places that one `Custom` scan looks at. */
export const MAX_SCAN_PATHS = 100

const { exclusions, cpuCeilingPercent, windows, onDetection } = ScanSettings.properties

/** What a device group lays down for scans of its machines; see `ScanSettings`. */
export const ScanPolicySettings = Type.Object({ exclusions, cpuCeilingPercent, windows, onDetection })
export type ScanPolicySettings = Static<typeof ScanPolicySettings>

/** Answer of `GET /fleet/v1/deviceGroups/{id}/scanPolicy`. */
export const ScanPolicy = Type.Object(
  {
    deviceGroupId: Type.Integer({ description: '0 for the ungrouped devices.' }),
    ...ScanPolicySettings.properties,
    changedAt: Type.Union([Type.String(), Type.Null()], {
      description: 'Null while nobody has changed it: then the defaults hold.',
    }),
  },
  { description: 'How scans of the machines of one device group are made.' },
)
export type ScanPolicy = Static<typeof ScanPolicy>

/** A policy with the name of its group. */
export const NamedScanPolicy = Type.Object(
  { deviceGroupName: Type.String(), ...ScanPolicy.properties },
  { description: 'How scans of the machines of one device group are made, with the name of that.' },
)
export type NamedScanPolicy = Static<typeof NamedScanPolicy>

/** Answer of `GET /fleet/v1/scanPolicies`: the highest rank first, that of the ungrouped devices last. */
export const NamedScanPolicyList = Type.Object({
  items: Type.Array(NamedScanPolicy),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})

/** Body of `PATCH /fleet/v1/deviceGroups/{id}/scanPolicy`; what is absent stays, lists that are there replace the old. */
export const ChangeScanPolicyBody = Type.Partial(
  Type.Object({
    ...ScanPolicySettings.properties,
    exclusions: { ...exclusions, items: PathText },
  }),
  { additionalProperties: false },
)
export type ChangeScanPolicyBody = Static<typeof ChangeScanPolicyBody>

/** Why a machine could not keep to these settings, in one sentence; `undefined` when it can. */
export function whyNotPolicy({ exclusions }: Pick<ScanSettings, 'exclusions'>): string | undefined {
  const root = exclusions.find((path) => /^(\/+|[A-Za-z]:[\\/]+)$/.test(path))
  if (root !== undefined)
    return `exclusions names ${root}, the root of a file system: nothing would be scanned`
  return whyNotPaths('exclusions', exclusions, MAX_EXCLUSIONS_LENGTH)
}

/** Why paths cannot travel in an order, in one sentence; `undefined` when they can. */
export function whyNotPaths(name: string, paths: readonly string[], maxLength: number): string | undefined {
  const relative = paths.find((path) => !isAbsolutePath(path))
  if (relative !== undefined) {
    return `${name} holds ${JSON.stringify(shortened(relative))}, which is not absolute: write it from the root on, such as /srv/mail or C:\\Mail`
  }
  const crooked = paths.find((path) => path.split(/[\\/]/).some((part) => part === '.' || part === '..'))
  if (crooked !== undefined) return `${name} holds a path with . or .. in it: write it straight`
  const length = paths.reduce((sum, path) => sum + JSON.stringify(path).length, 0)
  return length > maxLength
    ? `${name} are too long together: ${length} characters as JSON, of at most ${maxLength}`
    : undefined
}

function shortened(path: string): string {
  return path.length > 100 ? `${path.slice(0, 100)}…` : path
}
