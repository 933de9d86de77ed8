import { realpathSync } from 'node:fs'
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

/** Where a configured path really is; one that is not there stays as it is, and is reported when it is met. */
export function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    errorCode(error)
    return path
  }
}
