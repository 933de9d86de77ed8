import { hiddenLocalMounts, type MountTable } from '../os/mount-table.ts'
import { isWithin, narrow, placeOf, realPath } from './narrow-places.ts'
import { listQuickPlaces, type QuickPlace } from './quick-places.ts'
import type { ScanRequest } from './scan.ts'
import { DEFAULT_QUICK_CAP, type PlaceCap, type ScanConfig } from './scan-config.ts'

/** Where a scan looks: `first` before `rest`, and how much of one place of the first. */
export type PlacePlan = { first: QuickPlace[]; rest: QuickPlace[]; cap: PlaceCap | undefined }

export type PlanOptions = {
  request: Pick<ScanRequest, 'scanType' | 'paths'>
  config: ScanConfig
  mounts: MountTable
  nowMs: number
  /** Told of everything that belongs to such a scan and is not looked at. */
  cut: (place: Buffer, limit: string) => void
}

/** Decides where a scan looks: by its type, narrowed by what this machine allows. */
export async function planPlaces(options: PlanOptions): Promise<PlacePlan> {
  const { request, config } = options
  switch (request.scanType) {
    case 'Custom':
      return { first: allowed(request.paths.map(placeOf), options), rest: [], cap: undefined }
    case 'Quick':
      return { first: await quickPlaces(options), rest: [], cap: config.quickCap ?? DEFAULT_QUICK_CAP }
    case 'Full': {
      const first = await quickPlacesOfFull(options)
      return { first, rest: allowed(fullRoots(options), options), cap: undefined }
    }
  }
}

async function quickPlaces(options: PlanOptions): Promise<QuickPlace[]> {
  const { config, mounts, nowMs, cut } = options
  if (config.quickPlaces) return allowed(config.quickPlaces.map(placeOf), options)
  const cap = config.quickCap ?? DEFAULT_QUICK_CAP
  const { places, cuts } = await listQuickPlaces({ mounts, nowMs, cap })
  for (const { place, limit } of cuts) cut(place, limit)
  return allowed(places, options)
}

/** What a full scan does first; all of it lies where the scan looks anyway. */
async function quickPlacesOfFull({ config, mounts, nowMs }: PlanOptions): Promise<QuickPlace[]> {
  const roots = config.fullRoots?.map(realPath)
  const places = config.quickPlaces?.map(placeOf) ?? (await listQuickPlaces({ mounts, nowMs })).places
  return narrow(roots ? narrow(places, roots) : places, config.allowedPaths?.map(realPath))
}

function fullRoots({ config, mounts, cut }: PlanOptions): QuickPlace[] {
  if (config.fullRoots) cut(Buffer.from('/'), 'the configuration names the folders of full scans')
  return (config.fullRoots ?? ['/']).map(placeOf).flatMap((root) => [
    root,
    ...hiddenLocalMounts(mounts, root.path.toString('latin1')).map(({ point }) => ({
      path: Buffer.from(point, 'latin1'),
    })),
  ])
}

function allowed(places: QuickPlace[], { config, cut }: PlanOptions): QuickPlace[] {
  const folders = config.allowedPaths?.map(realPath)
  if (folders === undefined) return places
  for (const place of places) {
    if (!folders.some((folder) => isWithin(place.path, folder))) cut(place.path, 'the policy allows less')
  }
  return narrow(places, folders)
}
