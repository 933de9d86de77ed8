import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { errorCode } from './error-code.ts'
import type { QuickPlace } from './quick-places.ts'

/** A configured path as a place. */
export function placeOf(path: string): QuickPlace {
  return { path: Buffer.from(realPath(path)) }
}

/** What of the places lies within the folders. */
export function narrow(places: QuickPlace[], folders: readonly string[] | undefined): QuickPlace[] {
  if (folders === undefined) return places
  return places.flatMap((place) => {
    if (folders.some((folder) => isWithin(place.path, folder)))
      return isReallyWithin(place, folders) ? [place] : []
    const inside = folders.map((folder) => Buffer.from(folder))
    return inside.filter((folder) => isWithin(folder, place.path)).map((path) => ({ path }))
  })
}

/** True when a place that lies in one of the folders by its name does so in truth: no link or `..` on the way leads out. */
function isReallyWithin({ path, openPath }: QuickPlace, folders: readonly string[]): boolean {
  if (openPath) return true
  try {
    const real = realpathSync(path, { encoding: 'buffer' })
    return folders.some((folder) => isWithin(real, folder))
  } catch (error) {
    // Not there any more; the scan tells that.
    errorCode(error)
    return true
  }
}

/** True for the folder itself and all that lies below it. */
export function isWithin(path: Buffer, folder: Buffer | string): boolean {
  const [inner, outer] = [path, Buffer.from(folder)].map((bytes) =>
    bytes.toString('latin1').replace(/\/$/, ''),
  )
  return inner === outer || (inner ?? '').startsWith(`${outer}/`)
}

/** Where a configured path really is; one that is not there stays where it would be, and is reported when it is met. */
export function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    errorCode(error)
    return path.startsWith('/') ? resolve(path) : path
  }
}

const MAX_LINKS = 40

/**
 * Where an excluded path really is, by links of root and of the agent's own user alone. Whoever else may put a link
 * there could exclude anything on the machine with it; such a link is what is excluded, not what it leads to.
 */
export function realExclusion(
  path: string,
  trustedUids: readonly (number | undefined)[] = [0, process.getuid?.()],
): string {
  if (!path.startsWith('/')) return path
  let real = '/'
  let rest = path.split('/')
  let links = 0
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const next = name === '..' ? dirname(real) : resolve(real, name)
    const link = name === '..' ? undefined : linkAt(next)
    if (link === undefined) {
      real = next
      continue
    }
    if (!trustedUids.includes(link.uid) || ++links > MAX_LINKS) return resolve(path)
    if (link.target.startsWith('/')) real = '/'
    rest = [...link.target.split('/'), ...rest]
  }
  return real
}

function linkAt(path: string): { uid: number; target: string } | undefined {
  try {
    const stats = lstatSync(path)
    return stats.isSymbolicLink() ? { uid: stats.uid, target: readlinkSync(path) } : undefined
  } catch (error) {
    errorCode(error)
    return undefined
  }
}
