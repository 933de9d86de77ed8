import { constants, type Dirent, lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { MountTable } from '../os/mount-table.ts'
import { listRunningPrograms } from '../os/running-programs.ts'
import { listUserAccounts } from '../os/user-accounts.ts'
import { errorCode } from './error-code.ts'
import type { PlaceCap } from './scan-config.ts'

/** A file or folder to look at. */
export type QuickPlace = { path: Buffer; openPath?: Buffer }

const UNIT_FOLDERS = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
]
const START_UP_PLACES = [
  ...UNIT_FOLDERS,
  ...['/etc/systemd/user', '/usr/lib/systemd/user', '/etc/init.d', '/etc/rc.local', '/etc/crontab'],
  ...['/etc/cron.d', '/etc/cron.hourly', '/etc/cron.daily', '/etc/cron.weekly', '/etc/cron.monthly'],
  ...['/etc/anacrontab', '/var/spool/cron', '/var/spool/anacron', '/etc/profile', '/etc/profile.d'],
  ...['/etc/bash.bashrc', '/etc/zsh', '/etc/environment', '/etc/ld.so.preload', '/etc/xdg/autostart'],
  ...['/etc/udev/rules.d', '/usr/lib/udev/rules.d', '/etc/pam.d', '/etc/modules-load.d'],
  ...['/etc/update-motd.d', '/etc/NetworkManager/dispatcher.d', '/etc/apt/apt.conf.d'],
]
const HOME_PLACES = [
  ...['.profile', '.bashrc', '.bash_profile', '.bash_login', '.bash_logout', '.zshrc', '.zprofile'],
  ...['.xprofile', '.xsessionrc', '.config/autostart', '.config/systemd', '.local/share/systemd'],
  ...['.local/bin', 'bin', 'Downloads', 'Desktop'],
]
const TEMPORARY_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm']
const PROGRAM_FOLDERS = [
  ...['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/bin', '/sbin', '/opt'],
]
const RECENT_MS = 7 * 86_400_000
const MAX_UNIT_BYTES = 64 * 1024
/** /opt may hold anything; this many entries are looked at for recently changed programs. */
const MAX_ENTRIES_LOOKED_AT = 100_000

/**
 * Where malware runs or waits to be run on Linux: code of running processes, what starts by itself, where downloads
 * and temporary files land, and programs changed within a week. Files come before folders.
 */
export async function listQuickPlaces(options: {
  mounts: MountTable
  nowMs: number
  /** Most of the recently changed programs of one folder; without it, all. */
  cap?: PlaceCap
}): Promise<{ places: QuickPlace[]; cuts: { place: Buffer; limit: string }[] }> {
  const {
    mounts,
    nowMs,
    cap = { files: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
  } = options
  const running = await listRunningPrograms(mounts)
  const recent = findRecentPrograms(mounts, nowMs - RECENT_MS, cap)
  const homes = homeFolders().filter((home) => isLocal(mounts, home))
  const named = [...START_UP_PLACES, ...homes.flatMap(homePlaces), ...TEMPORARY_FOLDERS].filter(
    (place) => isLocal(mounts, place) && exists(place),
  )
  const units = UNIT_FOLDERS.flatMap(programsOfUnits).filter((path) => isLocal(mounts, path) && exists(path))
  return {
    places: [
      ...running.map(({ path, openPath }) => ({ path, ...(openPath && { openPath }) })),
      ...recent.paths.map((path) => ({ path })),
      ...[...units, ...named].map((path) => ({ path: Buffer.from(path) })),
    ],
    cuts: recent.cuts,
  }
}

function homeFolders(): string[] {
  if (process.getuid?.() !== 0) return [homedir()]
  return [...new Set(listUserAccounts().map(({ home }) => home))].filter((home) => home.length > 1)
}

function homePlaces(home: string): string[] {
  return [...HOME_PLACES.map((place) => join(home, place)), ...namedFolders(home)]
}

/** Downloads and Desktop under the names that the person's language gives them. */
function namedFolders(home: string): string[] {
  const text = readSmallFile(join(home, '.config/user-dirs.dirs'))
  const lines = text.matchAll(/^XDG_(?:DOWNLOAD|DESKTOP)_DIR="\$HOME\/([^"\n]+)"$/gm)
  return [...lines].map(([, folder = '']) => join(home, folder)).filter((path) => path.startsWith(`${home}/`))
}

function programsOfUnits(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => entry.isFile())
    .flatMap((entry) => [
      ...readSmallFile(join(folder, entry.name)).matchAll(/^Exec\w+=[-@:+!|]*(\/[^\s;]+)/gm),
    ])
    .map(([, path = '']) => path)
}

function findRecentPrograms(
  mounts: MountTable,
  sinceMs: number,
  cap: PlaceCap,
): { paths: Buffer[]; cuts: { place: Buffer; limit: string }[] } {
  const paths: Buffer[] = []
  const cuts: { place: Buffer; limit: string }[] = []
  for (const top of PROGRAM_FOLDERS) {
    const room = { files: cap.files, bytes: cap.bytes, entries: MAX_ENTRIES_LOOKED_AT }
    const stack = [top]
    for (let folder = stack.pop(); folder !== undefined; folder = stack.pop()) {
      if (!isLocal(mounts, folder) || isLink(folder)) continue
      for (const entry of entriesOf(folder)) {
        const path = join(folder, entry.name)
        room.entries--
        if (entry.isDirectory() && top === '/opt') stack.push(path)
        const stats = entry.isFile() ? lstat(path) : undefined
        if (!stats || (stats.mode & 0o111) === 0 || stats.ctimeMs < sinceMs) continue
        room.files--
        room.bytes -= stats.size
        if (room.files < 0 || room.bytes < 0) break
        paths.push(Buffer.from(path))
      }
      if (room.files < 0 || room.bytes < 0 || room.entries < 0) {
        cuts.push({ place: Buffer.from(top), limit: 'recently changed programs beyond the cap of one place' })
        break
      }
    }
  }
  return { paths, cuts }
}

function isLocal(mounts: MountTable, path: string): boolean {
  return mounts.holding(Buffer.from(path).toString('latin1'))?.isLocal !== false
}

function isLink(path: string): boolean {
  return lstat(path)?.isSymbolicLink() ?? false
}

function exists(path: string): boolean {
  return lstat(path) !== undefined
}

function lstat(path: string): Stats | undefined {
  return attempt(() => lstatSync(path))
}

function entriesOf(folder: string): Dirent[] {
  return attempt(() => readdirSync(folder, { withFileTypes: true })) ?? []
}

/** A unit or a setting; a FIFO or a giant in its place is none. */
function readSmallFile(path: string): string {
  const stats = lstat(path)
  if (!stats?.isFile() || stats.size > MAX_UNIT_BYTES) return ''
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  return (
    attempt(() => readFileSync(path, { encoding: 'utf8', flag: O_RDONLY | O_NOFOLLOW | O_NONBLOCK })) ?? ''
  )
}

/** What is not there, or closed to us, is no place to look at; a folder that is there and closed is told by the walk. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    errorCode(error)
    return undefined
  }
}
