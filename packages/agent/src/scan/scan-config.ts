/** What scans of this machine look at. Everything here narrows; nothing here widens. */
export type ScanConfig = {
  /**
   * Places of a quick scan instead of the built-in ones (running programs, start-up places, temporary and download
   * folders, recently changed programs): files, or folders with all below them.
   */
  quickPlaces?: readonly string[]
  /** What a full scan looks at instead of all local disks; quick places outside of it are left out of full scans. */
  fullRoots?: readonly string[]
  /** The owner's policy: nothing outside of these folders is scanned, and the report says that something was left out. */
  allowedPaths?: readonly string[]
  /** Folders that are met but never opened; their files are reported as excluded. */
  exclude?: readonly string[]
  /** Of all cores together, what a scan may use at most, whatever it was ordered with. */
  cpuCeilingPercent?: number
  /** How much of one place a quick scan looks at; what lies beyond is reported as cut. */
  quickCap?: PlaceCap
}

export type PlaceCap = { files: number; bytes: number }

export const DEFAULT_QUICK_CAP: PlaceCap = { files: 2_000, bytes: 256 * 1024 * 1024 }
