/** Where Defender found a threat. */
export type ThreatPlace = {
  /** Of a file as PowerShell gave it; of anything else, such as `regkey:_HKCU@…`, what Defender calls it. */
  path: string
  innerPath: string | null
  isFile: boolean
}

/** Where a threat is of which nothing but its name is told. */
export const NAMELESS_PLACE: ThreatPlace = {
  path: 'a place that Defender does not name',
  innerPath: null,
  isFile: false,
}

const FILE = 'file:_'
const CONTAINER = 'containerfile:_'

/**
 * The places in `Resources` of `Get-MpThreatDetection`: `file:_C:\a.exe`, or `file:_C:\a.zip->b.exe` for a file inside
 * an archive. `containerfile:_C:\a.zip` says of an archive what an entry `file:_C:\a.zip->…` beside it says in full, and
 * counts where there is none. What is no file (a registry key, a process) is a place as well: no threat is left out.
 *
 * @see https://learn.microsoft.com/en-us/previous-versions/windows/desktop/defender/msft-mpthreatdetection
 */
export function readThreatPlaces(resources: readonly string[]): ThreatPlace[] {
  const places = resources.filter((resource) => !resource.startsWith(CONTAINER)).map(placeOf)
  const told = new Set(places.map(({ path }) => path))
  const containers = resources
    .filter((resource) => resource.startsWith(CONTAINER))
    .map((resource) => placeOf(FILE + resource.slice(CONTAINER.length)))
    .filter(({ path }) => !told.has(path))
  const all = [...places, ...containers]
  return all.length > 0 ? all : [NAMELESS_PLACE]
}

function placeOf(resource: string): ThreatPlace {
  const name = resource.startsWith(FILE) ? resource.slice(FILE.length) : ''
  // `>` is in no Windows file name, so the first arrow is where the archive ends.
  const [path = '', ...inner] = name.split('->')
  if (path === '') return { path: resource, innerPath: null, isFile: false }
  return { path, innerPath: inner.length === 0 ? null : inner.join('->'), isFile: true }
}
